//! The built-in answers: a handshake, and a small store in memory.

use std::collections::HashMap;

use crate::resp::Value;

fn ok() -> Value {
    Value::Simple(b"OK".to_vec())
}

fn upper(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_uppercase()
}

/// Answers what a client says first; `None` for other commands. HELLO sets the protocol.
pub fn handshake(args: &[Vec<u8>], protocol: &mut u8, connection: u64) -> Option<Value> {
    Some(match upper(args.first()?).as_str() {
        "HELLO" => {
            match args.get(1).map(Vec::as_slice) {
                None => {}
                Some(b"2") => *protocol = 2,
                Some(b"3") => *protocol = 3,
                Some(_) => {
                    return Some(Value::Error(b"NOPROTO unsupported protocol version".to_vec()));
                }
            }
            let pair = |name: &str, value: Value| (Value::bulk(name), value);
            Value::Map(vec![
                pair("server", Value::bulk("redis")),
                pair("version", Value::bulk("7.0.0")),
                pair("proto", Value::Integer((*protocol).into())),
                pair("id", Value::Integer(connection as i64)),
                pair("mode", Value::bulk("cluster")),
                pair("role", Value::bulk("master")),
                pair("modules", Value::Array(Vec::new())),
            ])
        }
        "CLIENT" => match upper(args.get(1)?).as_str() {
            "ID" => Value::Integer(connection as i64),
            "SETNAME" | "SETINFO" | "NO-EVICT" | "NO-TOUCH" => ok(),
            _ => return None,
        },
        "AUTH" | "SELECT" | "READONLY" | "READWRITE" | "ASKING" => ok(),
        "PING" => match args.get(1) {
            Some(text) => Value::bulk(text),
            None => Value::Simple(b"PONG".to_vec()),
        },
        _ => return None,
    })
}

/// The key of a command of the store; `None` if it is not one, or takes no key.
pub fn key(args: &[Vec<u8>]) -> Option<&[u8]> {
    let keyed = ["GET", "SET", "DEL", "EXISTS", "INCR", "INCRBY", "DECR", "APPEND", "STRLEN"];
    args.get(1).filter(|_| keyed.contains(&upper(&args[0]).as_str())).map(Vec::as_slice)
}

/// Runs a command on the store; `None` for commands it does not have.
pub fn run(data: &mut HashMap<Vec<u8>, Vec<u8>>, args: &[Vec<u8>]) -> Option<Value> {
    let name = upper(args.first()?);
    let add = |data: &mut HashMap<Vec<u8>, Vec<u8>>, step: Option<i64>| {
        let old = data.get(&args[1]).map_or(Ok("0"), |bytes| std::str::from_utf8(bytes));
        let old = old.ok().and_then(|text| text.parse::<i64>().ok());
        match old.zip(step).and_then(|(old, step)| old.checked_add(step)) {
            Some(number) => {
                data.insert(args[1].clone(), number.to_string().into_bytes());
                Value::Integer(number)
            }
            None => Value::Error(b"ERR value is not an integer or out of range".to_vec()),
        }
    };
    Some(match (name.as_str(), args.len()) {
        ("GET", 2) => data.get(&args[1]).map_or(Value::Nil, Value::bulk),
        ("SET", 3..) => {
            data.insert(args[1].clone(), args[2].clone());
            ok()
        }
        ("DEL", 2..) => {
            Value::Integer(args[1..].iter().filter(|key| data.remove(*key).is_some()).count() as i64)
        }
        ("EXISTS", 2..) => {
            Value::Integer(args[1..].iter().filter(|key| data.contains_key(*key)).count() as i64)
        }
        ("INCR", 2) => add(data, Some(1)),
        ("DECR", 2) => add(data, Some(-1)),
        ("INCRBY", 3) => {
            add(data, std::str::from_utf8(&args[2]).ok().and_then(|text| text.parse().ok()))
        }
        ("APPEND", 3) => {
            let value = data.entry(args[1].clone()).or_default();
            value.extend_from_slice(&args[2]);
            Value::Integer(value.len() as i64)
        }
        ("STRLEN", 2) => Value::Integer(data.get(&args[1]).map_or(0, Vec::len) as i64),
        ("ECHO", 2) => Value::bulk(&args[1]),
        ("DBSIZE", 1) => Value::Integer(data.len() as i64),
        ("FLUSHALL", _) => {
            data.clear();
            ok()
        }
        _ => return None,
    })
}
