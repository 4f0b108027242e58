//! What a command leaves behind on the connection it was sent on.

/// What a command does to the connection it is sent on, beyond its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    None,
    /// MULTI: what follows is queued.
    Multi,
    /// EXEC, DISCARD: the end of MULTI and of WATCH.
    EndMulti,
    /// WATCH: keys are watched.
    Watch,
    /// UNWATCH: no key is watched.
    Unwatch,
    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: replies come as messages.
    Subscribe,
    /// UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE: so do theirs.
    Unsubscribe,
    /// MONITOR: every command of the server is shown from now on.
    Monitor,
    /// CLIENT REPLY OFF: no replies from now on, to this one neither.
    ReplyOff,
    /// CLIENT REPLY SKIP: no reply to this command and the next.
    ReplySkip,
    /// CLIENT REPLY ON: replies again.
    ReplyOn,
    /// ASKING: the next command may be for a slot that is on its way here.
    Asking,
    /// Changes the session for good: SELECT, AUTH, HELLO, RESET, QUIT, READONLY, READWRITE, SCRIPT DEBUG, SYNC, PSYNC, REPLCONF, and the settings of CLIENT.
    Session,
}

impl Effect {
    /// True if a command with an effect begins with this letter, in either case.
    #[inline]
    pub(super) fn begins_with(letter: u8) -> bool {
        matches!(
            letter | 0x20,
            b'a' | b'c' | b'd' | b'e' | b'h' | b'm' | b'p' | b'q' | b'r' | b's' | b'u' | b'w'
        )
    }

    /// By name, and subcommand where the name alone does not tell.
    pub(super) fn of<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Self {
        let Some(name) = arguments.next() else { return Self::None };
        // Length and first letter rule out nearly every command before a name is compared.
        let Some(first) = name.first() else { return Self::None };
        let (candidates, effect): (&[&str], Self) = match (name.len(), first | 0x20) {
            (5, b'm') => (&["MULTI"], Self::Multi),
            (7, b'm') => (&["MONITOR"], Self::Monitor),
            (4, b'e') => (&["EXEC"], Self::EndMulti),
            (7, b'd') => (&["DISCARD"], Self::EndMulti),
            (5, b'w') => (&["WATCH"], Self::Watch),
            (7, b'u') => (&["UNWATCH"], Self::Unwatch),
            (9 | 10, b's') => (&["SUBSCRIBE", "SSUBSCRIBE"], Self::Subscribe),
            (10, b'p') => (&["PSUBSCRIBE"], Self::Subscribe),
            (12, b's') => (&["SUNSUBSCRIBE"], Self::Unsubscribe),
            (12, b'p') => (&["PUNSUBSCRIBE"], Self::Unsubscribe),
            (11, b'u') => (&["UNSUBSCRIBE"], Self::Unsubscribe),
            (4, b'a' | b'q' | b's') => (&["AUTH", "QUIT", "SYNC"], Self::Session),
            (5, b'h' | b'r' | b'p') => (&["HELLO", "RESET", "PSYNC"], Self::Session),
            (6, b's') if is(name, "SCRIPT") => return Self::of_script(arguments.next()),
            (6, b's') => (&["SELECT"], Self::Session),
            (6, b'a') => (&["ASKING"], Self::Asking),
            (6, b'c') if is(name, "CLIENT") => {
                return Self::of_client(arguments.next(), arguments.next());
            }
            (8 | 9, b'r') => (&["READONLY", "READWRITE", "REPLCONF"], Self::Session),
            _ => return Self::None,
        };
        if candidates.iter().any(|candidate| is(name, candidate)) { effect } else { Self::None }
    }

    fn of_script(subcommand: Option<&[u8]>) -> Self {
        match subcommand {
            Some(word) if is(word, "DEBUG") => Self::Session,
            _ => Self::None,
        }
    }

    fn of_client(subcommand: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        const SETTINGS: [&str; 8] = [
            "SETNAME",
            "SETINFO",
            "TRACKING",
            "CACHING",
            "NO-EVICT",
            "NO-TOUCH",
            "CAPA",
            "IMPORT-SOURCE",
        ];
        let Some(subcommand) = subcommand else { return Self::None };
        if is(subcommand, "REPLY") {
            return match value {
                Some(word) if is(word, "OFF") => Self::ReplyOff,
                Some(word) if is(word, "SKIP") => Self::ReplySkip,
                Some(word) if is(word, "ON") => Self::ReplyOn,
                _ => Self::None,
            };
        }
        let sets = SETTINGS.iter().any(|setting| is(subcommand, setting));
        if sets { Self::Session } else { Self::None }
    }
}

fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_in_any_letter_case() {
        for (line, effect) in [
            ("MULTI", Effect::Multi),
            ("exec", Effect::EndMulti),
            ("Discard", Effect::EndMulti),
            ("watch k", Effect::Watch),
            ("UNWATCH", Effect::Unwatch),
            ("subscribe c", Effect::Subscribe),
            ("PSUBSCRIBE c", Effect::Subscribe),
            ("SSUBSCRIBE c", Effect::Subscribe),
            ("UNSUBSCRIBE", Effect::Unsubscribe),
            ("PUNSUBSCRIBE", Effect::Unsubscribe),
            ("sunsubscribe", Effect::Unsubscribe),
            ("monitor", Effect::Monitor),
            ("client reply off", Effect::ReplyOff),
            ("CLIENT REPLY SKIP", Effect::ReplySkip),
            ("Client Reply On", Effect::ReplyOn),
            ("CLIENT SETNAME x", Effect::Session),
            ("client no-evict on", Effect::Session),
            ("client tracking on", Effect::Session),
            ("select 1", Effect::Session),
            ("AUTH p", Effect::Session),
            ("hello 3", Effect::Session),
            ("RESET", Effect::Session),
            ("quit", Effect::Session),
            ("READONLY", Effect::Session),
            ("READWRITE", Effect::Session),
            ("asking", Effect::Asking),
            ("script debug yes", Effect::Session),
            ("sync", Effect::Session),
            ("PSYNC ? -1", Effect::Session),
        ] {
            assert_eq!(effect_of(line), effect, "{line}");
            assert!(Effect::begins_with(line.as_bytes()[0]), "{line}");
        }
    }

    #[test]
    fn ordinary_commands_have_none() {
        for line in [
            "",
            "GET k",
            "SET k v",
            "HGET h f",
            "EVAL s 0",
            "SORT k",
            "SCAN 0",
            "ECHO x",
            "MGET k",
            "MSETNX k v",
            "CLIENT",
            "CLIENT ID",
            "CLIENT REPLY",
            "CLIENT LIST",
            "SCRIPT LOAD x",
            "SUBSCRIBED",
            "RENAMENX a b",
            "PUBLISH c m",
            "SPUBLISH c m",
            "RESTORE k 0 v",
            "WAITAOF 1 1 0",
        ] {
            assert_eq!(effect_of(line), Effect::None, "{line}");
        }
    }

    fn effect_of(line: &str) -> Effect {
        Effect::of(line.split_ascii_whitespace().map(str::as_bytes))
    }
}
