//! How long a command may wait on the server before it answers.

use std::time::Duration;

use super::command::Command;
use super::option::{OptionWord, Which};
use super::spec::Spec;

/// Where a command says how long it waits for something to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocking {
    /// It does not wait.
    Never,
    /// The last argument, in seconds or parts of them: BLPOP.
    LastSeconds,
    /// The first argument, likewise: BLMPOP.
    FirstSeconds,
    /// The last argument, in milliseconds: WAIT.
    LastMillis,
    /// Behind the option BLOCK, in milliseconds: XREAD. Without it, it does not wait.
    BlockMillis,
    /// It waits, nobody says for how long: a module's.
    Unknown,
}

/// How long a command waits at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Block {
    /// So long, and the reply is nil, or what there is.
    For(Duration),
    /// Until something happens.
    Forever,
}

/// BLOCK of XREAD and XREADGROUP.
const BLOCK: OptionWord = OptionWord {
    words: &["BLOCK", "STREAMS"],
    from: 1,
    values: &[("COUNT", 1), ("GROUP", 2), ("CLAIM", 1)],
    which: Which::First,
    alone: false,
};

impl Spec {
    /// How long this command may wait for something to happen. None: it does not wait, or has a timeout
    /// that the server will refuse.
    pub fn blocks_for(&self, command: &Command) -> Option<Block> {
        let last = || command.argument(command.argument_count().checked_sub(1)?);
        match self.timeout {
            Blocking::Never => None,
            Blocking::LastSeconds => seconds(last()?),
            Blocking::FirstSeconds => seconds(command.argument(1)?),
            Blocking::LastMillis => millis(last()?),
            Blocking::BlockMillis => {
                let at = BLOCK.find(command)?;
                let is_block = command.argument(at - 1)?.eq_ignore_ascii_case(b"BLOCK");
                if is_block { millis(command.argument(at)?) } else { None }
            }
            Blocking::Unknown => Some(Block::Forever),
        }
    }
}

fn seconds(text: &[u8]) -> Option<Block> {
    let seconds: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    match Duration::try_from_secs_f64(seconds) {
        _ if seconds == 0.0 => Some(Block::Forever),
        Ok(time) => Some(Block::For(time)),
        Err(_) => None,
    }
}

fn millis(text: &[u8]) -> Option<Block> {
    match std::str::from_utf8(text).ok()?.parse().ok()? {
        0 => Some(Block::Forever),
        millis => Some(Block::For(Duration::from_millis(millis))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn blocks(line: &str) -> Option<Block> {
        let words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
        let command = Command::of(&words);
        find(&command).unwrap().blocks_for(&command)
    }

    #[test]
    fn timeouts() {
        let millis = |millis| Some(Block::For(Duration::from_millis(millis)));
        for (line, wanted) in [
            ("GET k", None),
            ("blpop a b 1.5", millis(1500)),
            ("BRPOP a 0", Some(Block::Forever)),
            ("BLMOVE a b LEFT LEFT 2", millis(2000)),
            ("BRPOPLPUSH a b 0.25", millis(250)),
            ("BZPOPMIN a 3", millis(3000)),
            ("BLMPOP 0.5 1 a LEFT", millis(500)),
            ("BZMPOP 0 1 a MIN", Some(Block::Forever)),
            ("WAIT 1 100", millis(100)),
            ("WAITAOF 1 1 0", Some(Block::Forever)),
            ("XREAD STREAMS BLOCK 9", None),
            ("XREAD BLOCK 20 STREAMS a 0", millis(20)),
            ("xread count 1 block 0 streams a 0", Some(Block::Forever)),
            ("XREADGROUP GROUP BLOCK c BLOCK 7 STREAMS a >", millis(7)),
            ("XREADGROUP GROUP BLOCK c STREAMS a >", None),
        ] {
            assert_eq!(blocks(line), wanted, "{line}");
        }
        for line in
            ["BLPOP a -1", "BLPOP a x", "BLPOP a nan", "BLPOP a 1e300", "BLPOP", "WAIT 1 -1"]
        {
            assert_eq!(blocks(line), None, "{line}");
        }
        for line in ["XREAD BLOCK", "XREAD BLOCK x STREAMS a 0", "BLMPOP"] {
            assert_eq!(blocks(line), None, "{line}");
        }
    }
}
