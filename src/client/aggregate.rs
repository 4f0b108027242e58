//! Numbers of several nodes made one: each reply a number, or an Array of them, element by element.

use super::join::{End, finish};
use crate::resp::{Builder, Kind, Reply, ReplyRef};

/// `agg_logical_and`.
pub(super) fn all(replies: &[ReplyRef<'_>]) -> Result<Reply, End> {
    aggregated(replies, truth, |a, b| Some(a & b))
}

/// `agg_logical_or`.
pub(super) fn any(replies: &[ReplyRef<'_>]) -> Result<Reply, End> {
    aggregated(replies, truth, |a, b| Some(a | b))
}

/// `agg_min`.
pub(super) fn least(replies: &[ReplyRef<'_>]) -> Result<Reply, End> {
    aggregated(replies, integer, |a, b| Some(a.min(b)))
}

/// `agg_max`.
pub(super) fn greatest(replies: &[ReplyRef<'_>]) -> Result<Reply, End> {
    aggregated(replies, integer, |a, b| Some(a.max(b)))
}

/// `agg_sum`.
pub(super) fn sum(replies: &[ReplyRef<'_>]) -> Result<Reply, End> {
    aggregated(replies, integer, i64::checked_add)
}

/// A number as itself.
fn integer(element: ReplyRef<'_>) -> Option<i64> {
    element.integer()
}

/// A truth as 0 or 1: a Boolean, or of RESP2 an Integer.
fn truth(element: ReplyRef<'_>) -> Option<i64> {
    element.boolean().or(element.integer().map(|integer| integer != 0)).map(i64::from)
}

/// Numbers of one reply, or of all so far.
struct Numbers {
    /// They are the elements of an Array.
    list: bool,
    /// All are Booleans.
    boolean: bool,
    values: Vec<i64>,
}

impl Numbers {
    fn of(reply: ReplyRef<'_>, number: fn(ReplyRef<'_>) -> Option<i64>) -> Option<Self> {
        let list = reply.kind() == Kind::Array;
        let is_boolean = |element: ReplyRef<'_>| element.kind() == Kind::Boolean;
        Some(if list {
            let values = reply.children().map(number).collect::<Option<_>>()?;
            Self { list, boolean: reply.children().all(is_boolean), values }
        } else {
            Self { list, boolean: is_boolean(reply), values: vec![number(reply)?] }
        })
    }

    fn fits(&self, other: &Self) -> bool {
        self.list == other.list && self.values.len() == other.values.len()
    }

    fn reply(&self) -> Result<Reply, End> {
        let mut builder = Builder::with_room(self.values.len() + 1);
        if self.list {
            builder.array(self.values.len());
        }
        for &value in &self.values {
            if self.boolean { builder.boolean(value != 0) } else { builder.integer(value) }
        }
        finish(builder)
    }
}

/// Joins what `number` reads by `both`, which gives None where the result is no number.
fn aggregated(
    replies: &[ReplyRef<'_>],
    number: fn(ReplyRef<'_>) -> Option<i64>,
    both: fn(i64, i64) -> Option<i64>,
) -> Result<Reply, End> {
    let mut joined: Option<Numbers> = None;
    for (index, reply) in replies.iter().enumerate() {
        let unfit = |why: &str| End::Unfit(index, format!("{reply:?}, {why}"));
        let Some(numbers) = Numbers::of(*reply, number) else {
            return Err(unfit("where a number, or an Array of some, was due"));
        };
        let Some(joined) = &mut joined else {
            joined = Some(numbers);
            continue;
        };
        if !joined.fits(&numbers) {
            return Err(unfit("which has not the form of the replies before it"));
        }
        joined.boolean &= numbers.boolean;
        for (value, other) in joined.values.iter_mut().zip(numbers.values) {
            let beyond = || unfit("which takes the sum beyond 64 bits");
            *value = both(*value, other).ok_or_else(beyond)?;
        }
    }
    joined.ok_or(End::Part(0))?.reply()
}
