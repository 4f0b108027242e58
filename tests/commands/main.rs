//! What the library knows of commands is what real servers say of them: the table
//! (`src/command/table.rs`, which `UPDATE_COMMANDS=1` writes anew), and the keys it finds.

mod corrections;
mod keys;
mod print;
mod servers;
mod shapes;

use std::collections::BTreeMap;
use std::path::Path;

use rediscluster::command::{Command, Spec};
use rediscluster::options::Options;
use rediscluster_test_support::cluster::Server;
use servers::Running;

/// Every command and subcommand of a server, by name.
type Commands = BTreeMap<String, Spec>;

/// Read in both protocols, which have to say the same.
fn commands(server: &Running) -> Commands {
    let [two, three] = ["2", "3"].map(|protocol| {
        let mut options = Options::new();
        options.set("protocol", protocol).expect("an option");
        let reply = server.ask(&options, &Command::of(&[b"COMMAND"]));
        let specs = reply.root().children().flat_map(Spec::parse);
        specs.map(|spec| (spec.name.to_string(), spec)).collect::<Commands>()
    });
    assert!(two == three, "{} says two things", server.name);
    three
}

/// What both servers say, the newer where they differ, with what is wrong put right.
fn table() -> String {
    let mut all = commands(&Running::start(Server::Redis, "7.0."));
    all.extend(commands(&Running::start(Server::Valkey, "9.1.")));
    corrections::apply(&mut all);
    print::table(&all)
}

#[test]
fn the_table_is_what_the_servers_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/command/table.rs");
    let table = table();
    if std::env::var_os("UPDATE_COMMANDS").is_some() {
        std::fs::write(&path, &table).expect("src/command/table.rs");
        return;
    }
    let present = std::fs::read_to_string(&path).expect("src/command/table.rs");
    let lines = present.lines().zip(table.lines()).find(|(present, made)| present != made);
    if let Some((present, made)) = lines {
        panic!(
            "src/command/table.rs has\n{present}\nwhere the servers say\n{made}\n\
             UPDATE_COMMANDS=1 writes it anew"
        );
    }
    assert!(present == table, "src/command/table.rs and what the servers say differ in length");
}
