//! What the replies to MULTI, the commands of a transaction and EXEC say together. No I/O here.
//!
//! A server answers each command QUEUED, or with an error; after an error EXEC is EXECABORT, and nothing runs. So
//! a redirect in front of EXEC, or in its place, is certain not to have done anything.

use crate::error::{Error, Status};
use crate::resp::{Builder, Kind, Reply};

use super::batch::Batch;
use crate::client::refusal::refusal_of;

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The commands ran: their replies.
    Ran(Reply),
    /// Nothing ran, and another node or another try may do better: the redirect, or what puts it off.
    Refused(Reply),
    /// That was the end of it: EXEC's own reply, and what the call fails with.
    Failed(Reply, Error),
    /// This is no answer to a transaction.
    Nonsense,
}

/// Judges the replies, those of MULTI and EXEC included, that of ASKING left out.
pub(super) fn judge(mut replies: Vec<Reply>, batch: &Batch) -> Verdict {
    let Some(exec) = replies.pop() else { return Verdict::Nonsense };
    let Some(multi) = replies.first() else { return Verdict::Nonsense };
    if multi.root().kind() == Kind::Error {
        return without_multi(replies, exec);
    }
    match exec.root().kind() {
        Kind::Array if exec.root().count() == batch.len() => Verdict::Ran(exec),
        Kind::Nil => {
            let message =
                "a watched key has changed, and nothing was done: read again and begin anew";
            Verdict::Failed(exec, Error::new(Status::Aborted, message))
        }
        Kind::Error => not_run(replies, exec, batch),
        _ => Verdict::Nonsense,
    }
}

/// EXEC has failed: why, the replies before it tell, or its own text.
fn not_run(replies: Vec<Reply>, exec: Reply, batch: &Batch) -> Verdict {
    let code = exec.root().error_code().unwrap_or("");
    // It moved between the last command and EXEC.
    if refusal_of(exec.root()).is_some() {
        return Verdict::Refused(exec);
    }
    let mut refused = None;
    for (index, reply) in replies.into_iter().skip(1).enumerate() {
        if reply.root().kind() != Kind::Error {
            continue;
        }
        if refusal_of(reply.root()).is_none() {
            // Another node would say the same.
            let why = reply.root().error_code().unwrap_or("ERR");
            let error = faulty(batch.name(index), index, why).with_server_code(code);
            return Verdict::Failed(exec, error);
        }
        refused.get_or_insert(reply);
    }
    if let Some(reply) = refused.or_else(|| put_off_at_exec(&exec)) {
        return Verdict::Refused(reply);
    }
    let message = format!("EXEC was answered with {code}, and nothing was done");
    let error = Error::new(Status::Server, message).with_server_code(code);
    Verdict::Failed(exec, error)
}

fn faulty(name: &str, index: usize, code: &str) -> Error {
    Error::new(
        Status::Server,
        format!(
            "command {index} of the transaction (from 0 on), {name}, was refused with {code} when it was queued, and \
             nothing was done"
        ),
    )
}

/// "EXECABORT Transaction discarded because of: READONLY …": the state of the node changed before EXEC.
fn put_off_at_exec(exec: &Reply) -> Option<Reply> {
    const BECAUSE: &[u8] = b"because of: ";
    let text = exec.root().bytes()?;
    let at = text.windows(BECAUSE.len()).position(|window| window == BECAUSE)?;
    let cause = text.get(at + BECAUSE.len()..)?;
    let mut builder = Builder::new();
    builder.error(cause);
    builder.finish().filter(|reply| refusal_of(reply.root()).is_some())
}

/// MULTI itself was refused, so that what stood behind it was not queued but run.
fn without_multi(mut replies: Vec<Reply>, exec: Reply) -> Verdict {
    let ran = replies.iter().any(|reply| reply.root().kind() != Kind::Error);
    let multi = replies.swap_remove(0);
    if !ran && refusal_of(multi.root()).is_some() {
        return Verdict::Refused(multi);
    }
    let code = multi.root().error_code().unwrap_or("ERR");
    let what = match ran {
        true => "the commands behind it may have run, each by itself",
        false => "nothing was done",
    };
    let error = Error::new(Status::Server, format!("MULTI was refused with {code}: {what}"));
    let error = error.with_server_code(code).with_maybe_executed(ran);
    Verdict::Failed(exec, error)
}

/// Whether a transaction may have run whose connection ended before EXEC was answered: the replies that had come,
/// and what had left. Half an EXEC runs nothing, nor does one behind a command that was not queued.
pub(super) fn may_have_run(replies: &[Reply], any_left: bool, all_left: bool) -> bool {
    let mut refused = replies.iter().map(|reply| reply.root().kind() == Kind::Error);
    match refused.next() {
        // Without MULTI each command runs by itself.
        Some(true) => any_left,
        _ => all_left && !refused.any(|refused| refused),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
