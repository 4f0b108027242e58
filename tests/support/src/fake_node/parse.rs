//! The grammar of scripts: text to [`Script`]. Every error names its line.

use std::collections::BTreeMap;

use super::script::{Action, Form, Kind, Listen, NodeRules, Rule, Script, Shape, Store};
use super::topology;
use super::words::{self, Word};

impl Script {
    /// Reads a script. The error says which line is wrong, and how.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            script: Script {
                host: "127.0.0.1".into(),
                nodes: 1,
                keep_log: true,
                listen: BTreeMap::new(),
                variables: Vec::new(),
                rules: BTreeMap::new(),
            },
            scene: String::new(),
            nodes: vec![1],
            every: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let words = words::split(line);
            words
                .and_then(|words| if words.is_empty() { Ok(()) } else { reader.line(&words) })
                .map_err(|error| format!("line {}: {error}", number + 1))?;
        }
        Ok(reader.finish())
    }
}

struct Reader {
    script: Script,
    scene: String,
    /// The nodes that lines now speak of; empty for `node *`.
    nodes: Vec<usize>,
    /// Lines of `node *` sections, given out when the number of nodes is known.
    every: Vec<(String, Entry)>,
}

#[derive(Clone)]
enum Entry {
    Rule(Rule),
    Handshake,
    Store(Store),
    Listen(Listen),
}

impl Reader {
    fn line(&mut self, words: &[Word]) -> Result<(), String> {
        let key = words[0].bare().ok_or("a line begins with a bare word")?;
        let rest = &words[1..];
        match key {
            "host" => self.script.host = bare(rest.first(), "host ADDRESS")?.to_string(),
            "nodes" => {
                self.script.nodes = number::<usize>(rest.first(), "nodes COUNT")?.max(1);
            }
            "log" => self.script.keep_log = bare(rest.first(), "log on|off")? == "on",
            "let" => {
                let name = bare(rest.first(), "let NAME VALUE")?.to_string();
                let value = rest.get(1).ok_or("let NAME VALUE")?.clone();
                self.script.variables.push((name, value));
            }
            "scene" => {
                self.scene = bare(rest.first(), "scene NAME")?.to_string();
                for node in 1..=self.script.nodes {
                    self.script.rules.entry((self.scene.clone(), node)).or_default();
                }
            }
            "node" if rest.first().and_then(Word::bare) == Some("*") => self.nodes.clear(),
            "node" => {
                self.nodes = rest
                    .iter()
                    .map(|word| number(Some(word), "node NUMBER… or node *"))
                    .collect::<Result<_, _>>()?;
                if self.nodes.is_empty() || self.nodes.contains(&0) {
                    return Err("node NUMBER… (from 1) or node *".into());
                }
            }
            _ => {
                for entry in self.entries(key, words)? {
                    self.add(entry);
                }
            }
        }
        self.script.nodes = self.script.nodes.max(self.nodes.iter().copied().max().unwrap_or(1));
        Ok(())
    }

    /// What a line of a node's section adds to it.
    fn entries(&self, key: &str, words: &[Word]) -> Result<Vec<Entry>, String> {
        let rest = &words[1..];
        Ok(match key {
            "handshake" => vec![Entry::Handshake],
            "store" => vec![Entry::Store(store(rest)?)],
            "listen" => vec![Entry::Listen(match bare(rest.first(), "listen")? {
                "normal" => Listen::Normal,
                "refuse" => Listen::Refuse,
                "blackhole" => Listen::Blackhole,
                _ => return Err("listen normal|refuse|blackhole".into()),
            })],
            "topology" => [Form::Slots, Form::Shards, Form::Nodes]
                .map(|form| topology_rule(form, rest).map(Entry::Rule))
                .into_iter()
                .collect::<Result<_, _>>()?,
            "slots" => vec![Entry::Rule(topology_rule(Form::Slots, rest)?)],
            "shards" => vec![Entry::Rule(topology_rule(Form::Shards, rest)?)],
            "cluster-nodes" => vec![Entry::Rule(topology_rule(Form::Nodes, rest)?)],
            _ => vec![Entry::Rule(rule(words)?)],
        })
    }

    fn add(&mut self, entry: Entry) {
        if self.nodes.is_empty() {
            self.every.push((self.scene.clone(), entry));
            return;
        }
        for node in self.nodes.clone() {
            put(&mut self.script, &self.scene, node, entry.clone());
        }
    }

    /// A node that only a topology names exists too. A node's own lines come before those of
    /// `node *`.
    fn finish(mut self) -> Script {
        let own = self.script.rules.values().flat_map(|rules| &rules.rules);
        let shared = self.every.iter().filter_map(|(_, entry)| match entry {
            Entry::Rule(rule) => Some(rule),
            _ => None,
        });
        let told =
            own.chain(shared).flat_map(|rule| &rule.actions).filter_map(|action| match action {
                Action::Topology(_, words) if !words.iter().any(Word::varies) => {
                    let texts: Vec<_> = words.iter().map(|word| word.fill(|_| None)).collect();
                    topology::parse(&texts).ok().map(|shards| topology::highest(&shards))
                }
                _ => None,
            });
        self.script.nodes = self.script.nodes.max(told.max().unwrap_or(0));
        for (scene, entry) in self.every {
            for node in 1..=self.script.nodes {
                put(&mut self.script, &scene, node, entry.clone());
            }
        }
        self.script
    }
}

fn put(script: &mut Script, scene: &str, node: usize, entry: Entry) {
    let rules: &mut NodeRules = script.rules.entry((scene.to_string(), node)).or_default();
    match entry {
        Entry::Rule(rule) => rules.rules.push(rule),
        Entry::Handshake => rules.handshake = true,
        Entry::Store(store) => rules.store = Some(store),
        Entry::Listen(listen) => {
            script.listen.entry(node).or_insert(listen);
        }
    }
}

fn topology_rule(form: Form, spec: &[Word]) -> Result<Rule, String> {
    let name = match form {
        Form::Slots => "SLOTS",
        Form::Shards => "SHARDS",
        Form::Nodes => "NODES",
    };
    let pattern = words::split(&format!("CLUSTER {name}"))?;
    let actions = vec![topology_action(form, spec)?];
    Ok(Rule { kind: Kind::On, connection: None, skip: 0, first: None, pattern, actions })
}

fn topology_action(form: Form, spec: &[Word]) -> Result<Action, String> {
    if !spec.iter().any(Word::varies) {
        let texts: Vec<_> = spec.iter().map(|word| word.fill(|_| None)).collect();
        topology::parse(&texts)?;
    }
    Ok(Action::Topology(form, spec.to_vec()))
}

/// `[connection N] [skip N] [first N | once] on|expect PATTERN… => ACTIONS`, `… accept => ACTIONS`.
fn rule(words: &[Word]) -> Result<Rule, String> {
    let mut rule = Rule {
        kind: Kind::On,
        connection: None,
        skip: 0,
        first: None,
        pattern: Vec::new(),
        actions: Vec::new(),
    };
    let mut at = 0;
    loop {
        let word = words.get(at).and_then(Word::bare).unwrap_or("");
        at += 1;
        match word {
            "connection" => rule.connection = Some(number(words.get(at), "connection NUMBER")?),
            "skip" => rule.skip = number(words.get(at), "skip COUNT")?,
            "first" => rule.first = Some(number(words.get(at), "first COUNT")?),
            "once" => {
                rule.first = Some(1);
                continue;
            }
            "then" => continue,
            "on" => break,
            "expect" => {
                rule.kind = Kind::Expect;
                break;
            }
            "accept" => {
                rule.kind = Kind::Accept;
                break;
            }
            other => return Err(format!("\"{other}\" is no word of this place: see fake_node.md")),
        }
        at += 1;
    }
    let arrow = words[at..].iter().position(|word| word.bare() == Some("=>"));
    let arrow = at + arrow.ok_or("a rule needs => and what to do")?;
    rule.pattern = words[at..arrow].to_vec();
    if (rule.kind == Kind::Accept) != rule.pattern.is_empty() {
        return Err("on and expect need a command's name, accept takes none".into());
    }
    for part in words[arrow + 1..].split(|word| word.bare() == Some(";")) {
        rule.actions.push(action(part)?);
    }
    Ok(rule)
}

fn action(words: &[Word]) -> Result<Action, String> {
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
        | "reset" | "half-close" | "hang" => 0,
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
            Action::Dribble(number(rest.first(), "dribble MILLISECONDS [BYTES]")?, chunk.max(1))
        }
        "gate" => Action::Gate(one()?),
        "close" => Action::Close,
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

fn store(rest: &[Word]) -> Result<Store, String> {
    match rest.first().map(Word::bare) {
        None => Ok(Store::Plain),
        Some(Some("moved")) => Ok(Store::Moved),
        _ => Err("store or store moved".into()),
    }
}

fn bare<'a>(word: Option<&'a Word>, usage: &str) -> Result<&'a str, String> {
    word.and_then(Word::bare).ok_or_else(|| usage.to_string())
}

fn number<N: std::str::FromStr>(word: Option<&Word>, usage: &str) -> Result<N, String> {
    bare(word, usage)?.parse().map_err(|_| usage.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_their_line() {
        for (text, part) in [
            ("node 1\n  on GET * = ok", "line 2: a rule needs =>"),
            ("on GET => dance", "line 1: \"dance\" is no action"),
            ("node x", "line 1: node NUMBER"),
            ("on GET => resp [ 1 2", "a bracket is not closed"),
            ("on GET => resp { 1 }", "brackets do not fit"),
            ("on GET => simple a b", "simple takes 1 words"),
            ("slots 5-1=1", "line 1: "),
            ("listen never", "listen normal"),
            ("accept GET => ok", "accept takes none"),
            ("frobnicate", "\"frobnicate\" is no word"),
        ] {
            let error = Script::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn sections_and_prefixes() {
        let text = "node *\nhandshake\nnode 3\nconnection 2 skip 1 first 2 on GET * => delay 5; ok\n\
                    scene later\nnode 1\nonce on PING => pong";
        let script = Script::parse(text).unwrap();
        assert_eq!(script.nodes, 3);
        assert!((1..=3).all(|node| script.rules[&(String::new(), node)].handshake));
        let rule = &script.rules[&(String::new(), 3)].rules[0];
        assert_eq!((rule.connection, rule.skip, rule.first), (Some(2), 1, Some(2)));
        assert_eq!((rule.pattern.len(), rule.actions.len()), (2, 2));
        assert_eq!(script.rules[&("later".to_string(), 1)].rules[0].first, Some(1));
    }
}
