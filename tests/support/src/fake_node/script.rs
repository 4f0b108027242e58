//! What a script says, as data.

use std::collections::BTreeMap;

use super::tls::Tls;
use super::words::Word;

/// A parsed script: where its nodes listen and what each does, in the grammar of `fake_node.md`.
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) host: String,
    pub(super) nodes: usize,
    pub(super) keep_log: bool,
    pub(super) listen: BTreeMap<usize, Listen>,
    pub(super) tls: BTreeMap<usize, Tls>,
    pub(super) variables: Vec<(String, Word)>,
    /// Rules by scene (the base is named "") and node.
    pub(super) rules: BTreeMap<(String, usize), NodeRules>,
}

/// How a node's port behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Connections are accepted.
    Normal,
    /// Connections are refused; nobody else gets the port.
    Refuse,
    /// Connecting hangs: the queue of the listener is full and nobody accepts.
    Blackhole,
}

/// The rules of one node in one scene.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeRules {
    pub rules: Vec<Rule>,
    pub handshake: bool,
    pub store: Option<Store>,
}

/// Whether the store looks at slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Store {
    Plain,
    /// Keys of slots that the node's own CLUSTER SLOTS rule gives to another are answered MOVED.
    Moved,
}

/// When a rule applies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// At each matching command.
    On,
    /// As the next step of a connection.
    Expect,
    /// When a connection is accepted.
    Accept,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub kind: Kind,
    pub connection: Option<u64>,
    pub skip: u64,
    pub first: Option<u64>,
    pub pattern: Vec<Word>,
    pub actions: Vec<Action>,
}

/// A reply as written in a script.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Nil,
    Boolean(bool),
    Simple(Word),
    Error(Word),
    Integer(Word),
    Bulk(Word),
    Array(Vec<Shape>),
    Map(Vec<Shape>),
    Push(Vec<Shape>),
}

/// The three commands that tell a topology.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Slots,
    Shards,
    Nodes,
}

/// One thing a node does.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Reply(Shape),
    Raw(Word),
    Repeat(u64, Box<Action>),
    Fill(usize),
    Echo,
    Topology(Form, Vec<Word>),
    Handshake,
    Store(Store),
    Silent,
    Flush,
    Delay(u64),
    /// So many milliseconds between parts of so many bytes, each a TLS record.
    Pace(u64, usize),
    Tickets(usize),
    Gate(Word),
    Close,
    Truncate,
    Reset,
    HalfClose,
    Hang,
    Use(String),
    Set(String, Word),
    Kill(usize),
    Pause(usize),
}
