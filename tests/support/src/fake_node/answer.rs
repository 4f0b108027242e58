//! The values with which a connection answers.

use super::choice;
use super::script::{Action, Form, Shape, Store};
use super::serve::Connection;
use super::words::Word;
use super::{state, store, topology};
use crate::resp::Value;

impl Connection<'_> {
    /// The handshake and the store, where the script switched them on and no rule answered.
    pub fn built_in(&mut self, state: &mut state::State, on: &[Action], args: &[Vec<u8>]) -> bool {
        let value = on.iter().find_map(|action| match action {
            Action::Handshake => store::handshake(args, &mut self.protocol, self.number),
            Action::Store(kind) => self.stored(state, *kind, args),
            _ => None,
        });
        if let Some(value) = &value {
            self.reply(value);
        }
        value.is_some()
    }

    fn stored(&self, state: &mut state::State, kind: Store, args: &[Vec<u8>]) -> Option<Value> {
        let moved = store::key(args)
            .and_then(|key| choice::moved(self.shared, &state.scene, self.node, kind, key));
        match moved {
            Some(text) => Some(Value::Error(text.into_bytes())),
            None => store::run(&mut state.data, args),
        }
    }

    pub fn topology(&mut self, form: Form, words: &[Word], args: &[Vec<u8>]) {
        let words: Vec<_> = words.iter().map(|word| self.fill(word, args)).collect();
        let value = match topology::parse(&words) {
            Ok(shards) => topology::answer(form, &shards, &self.shared.addresses, self.node),
            Err(error) => Value::Error(format!("ERR {error}").into_bytes()),
        };
        self.reply(&value);
    }

    pub fn reply(&mut self, value: &Value) {
        value.encode(self.protocol, &mut self.out);
    }

    pub fn shape(&self, shape: &Shape, args: &[Vec<u8>]) -> Value {
        let all = |shapes: &[Shape]| shapes.iter().map(|shape| self.shape(shape, args)).collect();
        match shape {
            Shape::Nil => Value::Nil,
            Shape::Boolean(value) => Value::Boolean(*value),
            Shape::Simple(word) => Value::Simple(self.fill(word, args)),
            Shape::Error(word) => Value::Error(self.fill(word, args)),
            Shape::Bulk(word) => Value::Bulk(self.fill(word, args)),
            Shape::Array(shapes) => Value::Array(all(shapes)),
            Shape::Push(shapes) => Value::Push(all(shapes)),
            Shape::Map(shapes) => {
                let pair = |two: &[Shape]| (self.shape(&two[0], args), self.shape(&two[1], args));
                Value::Map(shapes.chunks(2).map(pair).collect())
            }
            Shape::Integer(word) => {
                let text = String::from_utf8_lossy(&self.fill(word, args)).into_owned();
                match text.parse() {
                    Ok(number) => Value::Integer(number),
                    Err(_) => Value::Error(format!("ERR \"{text}\" is no number").into_bytes()),
                }
            }
        }
    }

    pub fn fill(&self, word: &Word, args: &[Vec<u8>]) -> Vec<u8> {
        if !word.varies() {
            return word.fill(|_| None);
        }
        let state = self.shared.lock();
        word.fill(|name| {
            let argument = name.strip_prefix("arg").and_then(|digits| digits.parse::<usize>().ok());
            match (argument, name) {
                (Some(i), _) => Some(args.get(i).cloned().unwrap_or_default()),
                (_, "connection") => Some(self.number.to_string().into_bytes()),
                (_, "protocol") => Some(self.protocol.to_string().into_bytes()),
                (_, "scene") => Some(state.scene.clone().into_bytes()),
                _ => state
                    .variables
                    .get(name)
                    .cloned()
                    .or_else(|| self.shared.fixed(name, self.node)),
            }
        })
    }
}
