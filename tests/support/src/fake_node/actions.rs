//! The grammar of what rules do: `ok; delay 5; close`.

use super::script::{Action, Form, Shape, Store};
use super::topology;
use super::words::{self, Word};

pub fn topology_action(form: Form, spec: &[Word]) -> Result<Action, String> {
    if !spec.iter().any(Word::varies) {
        let texts: Vec<_> = spec.iter().map(|word| word.fill(|_| None)).collect();
        topology::parse(&texts)?;
    }
    Ok(Action::Topology(form, spec.to_vec()))
}

/// One action.
pub fn action(words: &[Word]) -> Result<Action, String> {
    let key = words.first().and_then(Word::bare).ok_or("an action begins with a bare word")?;
    let rest = &words[1..];
    let fixed = |text: &str| words::split(text).map(|mut words| words.remove(0));
    let one = || rest.first().cloned().ok_or(format!("{key} needs a word behind it"));
    let most = match key {
        "dribble" => 2,
        "array" | "resp" | "push" | "repeat" | "slots" | "shards" | "cluster-nodes" | "store" => {
            usize::MAX
        }
        "set" => 2,
        "ok" | "pong" | "nil" | "empty" | "echo" | "handshake" | "silent" | "flush" | "close"
        | "truncate" | "reset" | "half-close" | "hang" => 0,
        _ => 1,
    };
    if rest.len() > most {
        return Err(format!(
            "{key} takes {most} words: quote what holds blanks, part actions by ;"
        ));
    }
    Ok(match key {
        "ok" => Action::Reply(Shape::Simple(fixed("OK")?)),
        "pong" => Action::Reply(Shape::Simple(fixed("PONG")?)),
        "simple" => Action::Reply(Shape::Simple(one()?)),
        "error" => Action::Reply(Shape::Error(one()?)),
        "bulk" => Action::Reply(Shape::Bulk(one()?)),
        "int" => Action::Reply(Shape::Integer(one()?)),
        "nil" => Action::Reply(Shape::Nil),
        "empty" => Action::Reply(Shape::Array(Vec::new())),
        "array" => Action::Reply(Shape::Array(rest.iter().cloned().map(Shape::Bulk).collect())),
        "push" => Action::Reply(Shape::Push(shapes(rest)?)),
        "resp" => {
            let mut shapes = shapes(rest)?;
            if shapes.len() != 1 {
                return Err("resp takes one value: put several in [ … ]".into());
            }
            Action::Reply(shapes.remove(0))
        }
        "send" => Action::Raw(one()?),
        "repeat" => {
            let count = number(rest.first(), "repeat COUNT ACTION")?;
            Action::Repeat(count, Box::new(action(&rest[1..])?))
        }
        "fill" => Action::Fill(number(rest.first(), "fill BYTES")?),
        "echo" => Action::Echo,
        "slots" => topology_action(Form::Slots, rest)?,
        "shards" => topology_action(Form::Shards, rest)?,
        "cluster-nodes" => topology_action(Form::Nodes, rest)?,
        "handshake" => Action::Handshake,
        "store" => Action::Store(store(rest)?),
        "silent" => Action::Silent,
        "flush" => Action::Flush,
        "delay" => Action::Delay(number(rest.first(), "delay MILLISECONDS")?),
        "dribble" => {
            let chunk = if rest.len() > 1 { number(rest.get(1), "dribble MS BYTES")? } else { 1 };
            Action::Pace(number(rest.first(), "dribble MILLISECONDS [BYTES]")?, chunk.max(1))
        }
        "records" => Action::Pace(0, number::<usize>(rest.first(), "records BYTES")?.max(1)),
        "tickets" if rest.is_empty() => Action::Tickets(1),
        "tickets" => Action::Tickets(number(rest.first(), "tickets COUNT")?),
        "gate" => Action::Gate(one()?),
        "close" => Action::Close,
        "truncate" => Action::Truncate,
        "reset" => Action::Reset,
        "half-close" => Action::HalfClose,
        "hang" => Action::Hang,
        "use" => Action::Use(bare(rest.first(), "use SCENE")?.to_string()),
        "set" => Action::Set(
            bare(rest.first(), "set NAME VALUE")?.to_string(),
            rest.get(1).ok_or("set NAME VALUE")?.clone(),
        ),
        "kill" => Action::Kill(number(rest.first(), "kill NODE")?),
        "pause" => Action::Pause(number(rest.first(), "pause NODE")?),
        other => return Err(format!("\"{other}\" is no action: see fake_node.md")),
    })
}

/// Values in the RESP shorthand; brackets stand by themselves between blanks.
fn shapes(words: &[Word]) -> Result<Vec<Shape>, String> {
    let mut open: Vec<(&str, Vec<Shape>)> = vec![("", Vec::new())];
    for word in words {
        let shape = match word.bare() {
            Some(bracket @ ("[" | "{" | ">[")) => {
                open.push((bracket, Vec::new()));
                continue;
            }
            Some(close @ ("]" | "}")) => match (open.pop(), close) {
                (Some(("[", items)), "]") => Shape::Array(items),
                (Some((">[", items)), "]") => Shape::Push(items),
                (Some(("{", items)), "}") if items.len() % 2 == 0 => Shape::Map(items),
                _ => return Err("brackets do not fit (a map holds pairs)".into()),
            },
            Some("nil") => Shape::Nil,
            Some("true") => Shape::Boolean(true),
            Some("false") => Shape::Boolean(false),
            Some(text) if text.parse::<i64>().is_ok() => Shape::Integer(word.clone()),
            _ if word.quoted => Shape::Bulk(word.clone()),
            _ => match word.first() {
                Some(b'+') => Shape::Simple(word.rest()),
                Some(b'-') => Shape::Error(word.rest()),
                Some(b':') => Shape::Integer(word.rest()),
                _ => Shape::Bulk(word.clone()),
            },
        };
        open.last_mut().ok_or("a bracket is closed that was not opened")?.1.push(shape);
    }
    match open.pop() {
        Some(("", shapes)) => Ok(shapes),
        _ => Err("a bracket is not closed".into()),
    }
}

/// What stands behind `store`.
pub fn store(rest: &[Word]) -> Result<Store, String> {
    match rest.first().map(Word::bare) {
        None => Ok(Store::Plain),
        Some(Some("moved")) => Ok(Store::Moved),
        _ => Err("store or store moved".into()),
    }
}

pub fn bare<'a>(word: Option<&'a Word>, usage: &str) -> Result<&'a str, String> {
    word.and_then(Word::bare).ok_or_else(|| usage.to_string())
}

pub fn number<N: std::str::FromStr>(word: Option<&Word>, usage: &str) -> Result<N, String> {
    bare(word, usage)?.parse().map_err(|_| usage.to_string())
}
