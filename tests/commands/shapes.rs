//! Invocations of a command, made from what COMMAND DOCS says of its arguments.

use rediscluster_test_support::resp::Value;

/// How much of what may be there is there.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Whether optional arguments are given.
    pub optional: bool,
    /// How often those are given that may be repeated.
    pub times: usize,
    /// Which of several alternatives is taken.
    pub choice: usize,
}

/// From the least to much.
pub fn all() -> impl Iterator<Item = Shape> {
    let few = (0..3).map(|n| Shape { optional: false, times: n + 1, choice: n });
    few.chain((0..6).map(|n| Shape { optional: true, times: n % 3 + 1, choice: n }))
}

/// The value behind a name in a flat list of pairs.
pub fn value<'a>(pairs: &'a Value, name: &str) -> Option<&'a Value> {
    let pair = pairs.items().chunks_exact(2).find(|pair| pair[0].text() == name);
    pair.map(|pair| &pair[1])
}

/// The invocation of a shape: the words of the name, then the arguments. In small letters every other
/// time.
pub fn line(name: &str, docs: &Value, shape: Shape) -> Vec<String> {
    let mut line: Vec<String> = name.split(' ').map(Into::into).collect();
    let arguments = value(docs, "arguments").map_or(&[][..], Value::items);
    list(arguments, shape, &mut line);
    // How many keys there are stands in front of them.
    let keys = |line: &[String]| line.iter().filter(|word| word.starts_with("key-")).count();
    if let Some(at) = line.iter().position(|word| word == NUMBER) {
        line[at] = keys(&line[at..]).to_string();
    }
    if shape.choice % 2 == 1 {
        line.iter_mut().for_each(|word| word.make_ascii_lowercase());
    }
    line
}

const NUMBER: &str = "(number of keys)";

fn list(arguments: &[Value], shape: Shape, line: &mut Vec<String>) {
    for argument in arguments {
        let text = |name| value(argument, name).map(Value::text);
        let flags = value(argument, "flags").map_or(&[][..], Value::items);
        let is = |flag: &str| flags.iter().any(|given| given.text() == flag);
        if is("optional") && !shape.optional {
            continue;
        }
        let times = if is("multiple") { shape.times } else { 1 };
        for time in 0..times {
            if let Some(token) = text("token").filter(|_| time == 0 || is("multiple_token")) {
                line.push(token);
            }
            one(argument, shape, line);
        }
    }
}

fn one(argument: &Value, shape: Shape, line: &mut Vec<String>) {
    let parts = value(argument, "arguments").map_or(&[][..], Value::items);
    let name = value(argument, "name").map(Value::text).unwrap_or_default();
    let number = line.len();
    match &*value(argument, "type").map(Value::text).unwrap_or_default() {
        "pure-token" => {}
        "block" => list(parts, shape, line),
        "oneof" => {
            let chosen = &parts[shape.choice % parts.len()];
            list(std::slice::from_ref(chosen), shape, line);
        }
        "key" => line.push(format!("key-{number}")),
        "integer" if name == "numkeys" => line.push(NUMBER.into()),
        "integer" | "double" | "unix-time" => line.push(number.to_string()),
        _ => line.push(format!("value-{number}")),
    }
}
