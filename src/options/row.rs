//! One option: its texts, its field, and how it is found by name.

use std::ffi::CStr;

use super::Options;
use super::field::{Field, quoted};
use super::nearest::nearest;
use super::table::rows;
use crate::error::{Error, Result, Status};

/// One option. Its texts are kept with a NUL behind, so that the C API can hand them out as they are.
pub struct Row {
    pub(super) name: &'static CStr,
    pub(super) group: &'static str,
    pub(super) default: &'static CStr,
    pub(super) field: Field,
    /// The option that this one is another name for, turned round.
    pub(super) inverse_of: Option<&'static str>,
    pub(super) doc: &'static CStr,
}

/// A table's text as Rust reads it; all of them are UTF-8 (a test reads them all).
fn text(text: &'static CStr) -> &'static str {
    text.to_str().unwrap_or_default()
}

impl Row {
    /// The option's name.
    pub fn name(&self) -> &'static str {
        text(self.name)
    }

    /// The group it belongs to: "discovery", "pool", "routing", "connection", "tls", "retry", "client", "limits".
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// Its type: "string", "secret", "bool", "integer", "milliseconds", "seconds", "bytes", "enum",
    /// "nodes", "rules" or "zones".
    pub fn type_name(&self) -> &'static str {
        text(self.field.type_name())
    }

    /// Its default, as [`Options::get`] gives it.
    pub fn default(&self) -> &'static str {
        text(self.default)
    }

    /// What it accepts, in words: the range or the words.
    pub fn accepts(&self) -> String {
        self.field.accepts()
    }

    /// What it does, in a paragraph.
    pub fn doc(&self) -> &'static str {
        text(self.doc)
    }

    /// Name, type, default and paragraph as C strings that live for ever.
    pub fn c_texts(&self) -> [&'static CStr; 4] {
        [self.name, self.field.type_name(), self.default, self.doc]
    }

    /// Its value as text; a secret that is set reads `***`.
    pub fn get(&self, options: &Options) -> String {
        self.field.get(options)
    }

    /// Reads `value` into `options`. On failure ([`Status::Config`]) nothing is changed.
    pub fn set(&self, options: &mut Options, value: &str) -> Result<()> {
        self.field.set(options, value).map_err(|problem| {
            let name = self.name();
            let message = match self.field {
                Field::Nodes { .. } | Field::Rules { .. } => format!("{name} {problem}"),
                _ => format!("option \"{name}\" {problem}"),
            };
            Error::new(Status::Config, message)
        })
    }

    /// The name of what it sets: two rows of the same one contradict each other.
    pub(super) fn subject(&self) -> &'static str {
        self.inverse_of.unwrap_or(self.name())
    }
}

/// The row of this name, or an error with the nearest one.
pub fn find(name: &str) -> Result<&'static Row> {
    if let Some(row) = rows().find(|row| row.name() == name) {
        return Ok(row);
    }
    let hint = match nearest(name, rows().map(Row::name)) {
        Some((known, true)) => format!("did you mean \"{known}\"?"),
        Some((known, false)) => format!("the nearest known one is \"{known}\""),
        None => String::new(),
    };
    Err(Error::new(Status::Config, format!("unknown option {}: {hint}", quoted(name))))
}
