//! Options among a command's arguments: words that may have values behind them.

use super::command::Command;

/// An option to be looked for, and those whose values are not to be taken for it.
#[derive(PartialEq, Eq, Debug)]
pub struct OptionWord {
    /// The words it goes by: `STORE`, `STOREDIST`.
    pub words: &'static [&'static str],
    /// The first argument that can be an option.
    pub from: usize,
    /// Other options with the number of values behind each.
    pub values: &'static [(&'static str, usize)],
    /// Which counts where it is given several times.
    pub which: Which,
    /// The keys found so far are none where this option is given: KEYS of MIGRATE.
    pub alone: bool,
}

/// Which of several counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// The first: what follows it are no options any more.
    First,
    /// The last, as servers have it that read on.
    Last,
}

impl OptionWord {
    /// The index of the argument behind the option; None where it is not given.
    pub fn find(&self, command: &Command) -> Option<usize> {
        let mut found = None;
        let mut arguments = command.arguments().enumerate().skip(self.from);
        while let Some((index, argument)) = arguments.next() {
            let is = |word: &str| argument.eq_ignore_ascii_case(word.as_bytes());
            let values = if self.words.iter().any(|word| is(word)) {
                found = Some(index + 1);
                if self.which == Which::First {
                    break;
                }
                1
            } else {
                self.values.iter().find(|(word, _)| is(word)).map_or(0, |&(_, values)| values)
            };
            if values > 0 {
                arguments.nth(values - 1);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_taken_for_options() {
        let store = OptionWord {
            words: &["STORE"],
            from: 2,
            values: &[("BY", 1), ("LIMIT", 2)],
            which: Which::Last,
            alone: false,
        };
        for (line, found) in [
            ("SORT k", None),
            ("SORT", None),
            ("SORT STORE", None),
            ("SORT k store d", Some(3)),
            ("SORT k BY STORE LIMIT STORE STORE DESC", None),
            ("SORT k LIMIT 0 1 STORE d STORE STORE", Some(8)),
            ("SORT k STORE", Some(3)),
            ("SORT k LIMIT", None),
        ] {
            let words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
            assert_eq!(store.find(&Command::of(&words)), found, "{line}");
        }
        let first = OptionWord { which: Which::First, ..store };
        let line = [&b"SORT"[..], b"k", b"STORE", b"d", b"STORE", b"e"];
        assert_eq!(first.find(&Command::of(&line)), Some(3));
    }
}
