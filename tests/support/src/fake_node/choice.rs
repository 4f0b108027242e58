//! Which rule of the script answers a command.

use super::script::{Action, Form, Kind, Rule, Store};
use super::state::{Shared, State};
use super::topology;

/// What a connection is to do about a command.
pub struct Plan {
    pub actions: Vec<Action>,
    /// Whether a rule of the script (or its handshake, or its store) answers it.
    pub scripted: bool,
}

impl Shared {
    /// The shards that a node's own CLUSTER SLOTS rule tells, if it has one.
    pub fn shards(&self, scene: &str, node: usize) -> Option<Vec<topology::Shard>> {
        let words = self.rules(scene, node).find_map(|(_, rule)| {
            rule.actions.iter().find_map(|action| match action {
                Action::Topology(Form::Slots, words) => Some(words),
                _ => None,
            })
        })?;
        let fill = |name: &str| self.fixed(name, node);
        topology::parse(&words.iter().map(|word| word.fill(fill)).collect::<Vec<_>>()).ok()
    }

    /// The rules of a node: those of the scene, then those of the base.
    fn rules(&self, scene: &str, node: usize) -> impl Iterator<Item = ((String, usize), &Rule)> {
        let scenes = if scene.is_empty() { vec![""] } else { vec![scene, ""] };
        scenes.into_iter().flat_map(move |name| {
            let rules = self.script.rules.get(&(name.to_string(), node));
            let rules = rules.map_or(&[][..], |rules| &rules.rules);
            rules.iter().enumerate().map(move |(i, rule)| ((name.to_string(), i), rule))
        })
    }

    /// Chooses what answers a command (`None`: the opening of a connection), and counts the rule's use.
    pub fn choose(
        &self,
        state: &mut State,
        node: usize,
        connection: u64,
        step: &mut usize,
        args: Option<&[Vec<u8>]>,
    ) -> Plan {
        let scene = state.scene.clone();
        let here = |rule: &Rule| rule.connection.is_none_or(|number| number == connection);
        if let Some(args) = args {
            let mut steps = self.rules(&scene, node);
            let next = steps
                .by_ref()
                .filter(|(_, rule)| rule.kind == Kind::Expect && here(rule))
                .nth(*step)
                .filter(|(_, rule)| self.matches(state, rule, args, node));
            if let Some((_, rule)) = next {
                *step += 1;
                return Plan { actions: rule.actions.clone(), scripted: true };
            }
        }
        let kind = if args.is_some() { Kind::On } else { Kind::Accept };
        for ((name, place), rule) in self.rules(&scene, node) {
            let fits = rule.kind == kind
                && here(rule)
                && args.is_none_or(|args| self.matches(state, rule, args, node));
            if !fits {
                continue;
            }
            let used = state.used.entry((name, node, place)).or_default();
            *used += 1;
            let turn = *used - 1;
            if turn >= rule.skip && rule.first.is_none_or(|first| turn < rule.skip + first) {
                return Plan { actions: rule.actions.clone(), scripted: true };
            }
        }
        let mut plan = Plan { actions: Vec::new(), scripted: args.is_none() };
        if args.is_some() {
            for name in [scene.as_str(), ""] {
                if let Some(rules) = self.script.rules.get(&(name.to_string(), node)) {
                    plan.actions.extend(rules.handshake.then_some(Action::Handshake));
                    plan.actions.extend(rules.store.map(Action::Store));
                }
            }
        }
        plan
    }

    fn matches(&self, state: &State, rule: &Rule, args: &[Vec<u8>], node: usize) -> bool {
        let variables = &state.variables;
        let mut pattern = rule.pattern.as_slice();
        let open = pattern.last().and_then(super::words::Word::bare) == Some("*");
        if open {
            pattern = &pattern[..pattern.len() - 1];
        }
        (args.len() == pattern.len() || (open && args.len() >= pattern.len()))
            && pattern.iter().zip(args).all(|(word, arg)| {
                let value = |name: &str| variables.get(name).cloned().or(self.fixed(name, node));
                glob(&word.fill(value), arg, word.quoted)
            })
    }
}

/// Whether a text fits a pattern: letters of either case, and `*` for any bytes unless it was quoted.
fn glob(pattern: &[u8], text: &[u8], literal: bool) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) if !literal => (0..=text.len()).any(|i| glob(rest, &text[i..], literal)),
        Some((byte, rest)) => text.split_first().is_some_and(|(first, tail)| {
            first.eq_ignore_ascii_case(byte) && glob(rest, tail, literal)
        }),
    }
}

/// Used by the store: whether the node owns a key's slot, or who does.
pub fn moved(
    shared: &Shared,
    scene: &str,
    node: usize,
    store: Store,
    key: &[u8],
) -> Option<String> {
    if store == Store::Plain {
        return None;
    }
    let shards = shared.shards(scene, node)?;
    let slot = topology::key_slot(key);
    match topology::owner(&shards, slot) {
        Some(owner) if owner == node => None,
        Some(owner) => Some(format!("MOVED {slot} {}", shared.addresses.get(owner - 1)?)),
        None => Some("CLUSTERDOWN Hash slot not served".into()),
    }
}
