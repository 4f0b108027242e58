//! The three commands that ask for the topology.

use super::fields::Malformed;
use super::slot_map::SlotMap;
use super::view::Source;
use super::{nodes, shards, slots};
use crate::command::Command;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::{TopologyCommand, Translation};
use crate::resp::{Kind, ReplyRef};

/// One of the commands that ask a node for its view of the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Query {
    /// CLUSTER SLOTS, since 3.0: ranges with their nodes, failed replicas left out.
    Slots,
    /// CLUSTER SHARDS, since 7.0: shards with slots, zones and health.
    Shards,
    /// CLUSTER NODES, since 3.0: lines of text, with config epochs.
    Nodes,
}

impl Query {
    /// What is sent.
    pub fn command(self) -> Command {
        Command::of(&[b"CLUSTER", self.subcommand()])
    }

    /// For messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slots => "CLUSTER SLOTS",
            Self::Shards => "CLUSTER SHARDS",
            Self::Nodes => "CLUSTER NODES",
        }
    }

    fn subcommand(self) -> &'static [u8] {
        match self {
            Self::Slots => b"SLOTS",
            Self::Shards => b"SHARDS",
            Self::Nodes => b"NODES",
        }
    }

    /// The first command to send, by the option.
    pub fn first(option: TopologyCommand) -> Self {
        match option {
            TopologyCommand::Auto | TopologyCommand::Slots => Self::Slots,
            TopologyCommand::Shards => Self::Shards,
            TopologyCommand::Nodes => Self::Nodes,
        }
    }

    /// What to send to a node that refuses this command, where the option leaves the choice.
    pub fn instead(self, option: TopologyCommand) -> Option<Self> {
        match (option, self) {
            (TopologyCommand::Auto, Self::Slots) => Some(Self::Shards),
            (TopologyCommand::Auto, Self::Shards) => Some(Self::Nodes),
            _ => None,
        }
    }

    /// Reads the answer of the node at `answered_by`; the addresses in it are translated. `tls`: connections are made
    /// with TLS, to the ports for it. Another shape than the command's is
    /// [`Status::Protocol`], an error reply [`Status::Server`] (or nearer, where its code says so).
    pub fn read(
        self,
        answer: ReplyRef<'_>,
        answered_by: &NodeAddress,
        translation: &Translation,
        tls: bool,
    ) -> Result<SlotMap> {
        if answer.kind() == Kind::Error {
            return Err(self.refusal(answer, answered_by));
        }
        let source = Source { answered_by, translation, tls };
        let map = match self {
            Self::Slots => slots::parse(answer, source),
            Self::Shards => shards::parse(answer, source),
            Self::Nodes => nodes::parse(answer, source),
        };
        map.map_err(|Malformed(what)| {
            let message = format!("the answer to {} makes no sense: {what}", self.name());
            Error::new(Status::Protocol, message).on_node(answered_by)
        })
    }

    fn refusal(self, answer: ReplyRef<'_>, answered_by: &NodeAddress) -> Error {
        /// Of an error's text: enough to know it by.
        const SHOWN: usize = 160;
        let code = answer.error_code().unwrap_or("");
        let status = match code {
            "NOAUTH" | "WRONGPASS" => Status::Auth,
            "LOADING" => Status::Loading,
            "CLUSTERDOWN" => Status::ClusterDown,
            _ => Status::Server,
        };
        let text = String::from_utf8_lossy(answer.bytes().unwrap_or(b""));
        let text: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        Error::new(status, format!("{} was refused: {text}", self.name()))
            .with_server_code(code)
            .on_node(answered_by)
    }
}
