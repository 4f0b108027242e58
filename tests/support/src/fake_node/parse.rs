//! The grammar of scripts: text to [`Script`]. Every error names its line.

use std::collections::BTreeMap;

use super::actions::{action, bare, number, store, topology_action};
use super::script::{Action, Form, Kind, Listen, NodeRules, Rule, Script, Store};
use super::tls::Tls;
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
                tls: BTreeMap::new(),
                variables: Vec::new(),
                rules: BTreeMap::new(),
            },
            scene: String::new(),
            nodes: vec![1],
            sectioned: false,
            every: Vec::new(),
            last: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let words = words::split(line);
            words
                .and_then(|words| if words.is_empty() { Ok(()) } else { reader.line(&words) })
                .map_err(|error| format!("line {}: {error}", number + 1))?;
        }
        reader.finish()
    }
}

struct Reader {
    script: Script,
    scene: String,
    /// The nodes that lines now speak of; empty for `node *`.
    nodes: Vec<usize>,
    /// Whether a `node` line was there.
    sectioned: bool,
    /// Lines of `node *` sections, given out when the number of nodes is known.
    every: Vec<(String, Entry)>,
    /// The same for lines that come after those.
    last: Vec<(String, Entry)>,
}

#[derive(Clone)]
enum Entry {
    Rule(Rule),
    Handshake,
    Store(Store),
    Listen(Listen),
    Tls(Tls),
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
            "node" if rest.first().and_then(Word::bare) == Some("*") => {
                self.nodes.clear();
                self.sectioned = true;
            }
            "node" => {
                self.sectioned = true;
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
            _ if key == "tls" || key.starts_with("tls-") => vec![Entry::Tls(Tls::parse(words)?)],
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

    /// A line of TLS before all sections is for every node.
    fn add(&mut self, entry: Entry) {
        if matches!(entry, Entry::Tls(_)) && !self.sectioned {
            self.last.push((self.scene.clone(), entry));
            return;
        }
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
    fn finish(mut self) -> Result<Script, String> {
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
        for (scene, entry) in self.every.into_iter().chain(self.last) {
            for node in 1..=self.script.nodes {
                put(&mut self.script, &scene, node, entry.clone());
            }
        }
        match self.script.tls.iter().find(|(_, tls)| tls.lacks_folder()) {
            Some((node, _)) => Err(format!("node {node} needs a line tls FOLDER")),
            None => Ok(self.script),
        }
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
        Entry::Tls(tls) => script.tls.entry(node).or_default().add(tls),
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
            ("tls-version 1.3", "node 1 needs a line tls FOLDER"),
            ("node 1\ntls-version 3", "line 2: tls FOLDER"),
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
        let script = Script::parse("tls /a\nnode *\ntls /b\nnode 2\ntls off\nnode 3").unwrap();
        let tls = |text: &str| Tls::parse(&words::split(text).unwrap()).unwrap();
        assert_eq!(script.tls[&1], tls("tls /b"));
        assert_eq!(script.tls[&2], tls("tls off"));
        assert_eq!(Script::parse("tls /a\nnode 2").unwrap().tls[&1], tls("tls /a"));
    }
}
