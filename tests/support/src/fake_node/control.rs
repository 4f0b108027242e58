//! The control words of the program `fake-node`.

use super::{FakeNodes, words};

/// Answers one line.
pub fn answer(nodes: &FakeNodes, line: &str) -> String {
    match run(nodes, line) {
        Ok(text) => text,
        Err(error) => format!("error {}", error.replace('\n', " ")),
    }
}

fn run(nodes: &FakeNodes, line: &str) -> Result<String, String> {
    let words = words::split(line)?;
    let words: Vec<Vec<u8>> = words.iter().map(|word| word.fill(|_| None)).collect();
    let texts: Vec<String> =
        words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let text = |i: usize| texts.get(i).map(String::as_str).ok_or("a word is missing");
    let node = |i: usize| -> Result<usize, String> {
        let number = text(i)?.parse::<usize>().map_err(|_| "a node is a number from 1")?;
        if number == 0 || number > nodes.ports().len() {
            return Err(format!("there is no node {number}"));
        }
        Ok(number)
    };
    match text(0)? {
        "log" => {
            let mut out: String = nodes.log().iter().map(|event| format!("{event}\n")).collect();
            out.push_str("end");
            return Ok(out);
        }
        "count" => {
            let count = match texts.iter().position(|word| word == "on") {
                Some(at) => nodes.count_on(node(at + 1)?, &texts[1..at].join(" ")),
                None => nodes.count(&texts[1..].join(" ")),
            };
            return Ok(format!("ok {count}"));
        }
        "connections" => {
            let seen = match texts.get(1) {
                Some(_) => nodes.connections(node(1)?),
                None => nodes.all_connections(),
            };
            return Ok(format!("ok {} {} {}", seen.open, seen.max, seen.total));
        }
        "accepts" => {
            let seen = match texts.get(1) {
                Some(_) => nodes.handshakes(node(1)?),
                None => nodes.all_handshakes(),
            };
            return Ok(format!("ok {} {}", seen.done, seen.failed));
        }
        "tickets" => {
            let count = texts.get(2).map_or(Ok(1), |count| count.parse());
            let count = count.map_err(|_| "tickets NODE [COUNT]")?;
            return Ok(format!("ok {}", nodes.tickets(node(1)?, count)));
        }
        "ports" => {
            let ports: Vec<String> = nodes.ports().iter().map(u16::to_string).collect();
            return Ok(format!("ok {}", ports.join(" ")));
        }
        "send" => {
            let bytes = words.get(2).ok_or("send NODE \"BYTES\"")?;
            return Ok(format!("ok {}", nodes.send(node(1)?, bytes)));
        }
        "kill" | "refuse" => nodes.kill(node(1)?),
        "blackhole" => nodes.blackhole(node(1)?),
        "revive" => nodes.revive(node(1)?),
        "pause" => nodes.pause(node(1)?),
        "resume" => nodes.resume(node(1)?),
        "disconnect" => nodes.disconnect(node(1)?),
        "use" => nodes.use_scene(texts.get(1).map_or("", String::as_str))?,
        "set" => nodes.set(text(1)?, words.get(2).ok_or("set NAME VALUE")?),
        "open" => nodes.open_gate(text(1)?),
        "clear" => nodes.shared.lock().clear_log(),
        other => return Err(format!("\"{other}\" is no control word")),
    }
    Ok("ok".into())
}
