//! Replies that are made are read as received ones are.

mod resp_reference;

use rediscluster::resp::{Builder, Kind, Limits, Reply, ReplyRef};
use resp_reference::{Value, value_of};

/// One of each shape, alone and within others.
const SHAPES: [&str; 22] = [
    "$5\r\nhello\r\n",
    "$0\r\n\r\n",
    "+OK\r\n",
    "+\r\n",
    "-WRONGTYPE no\r\n",
    "!6\r\nERR\r\nx\r\n",
    ":-42\r\n",
    ",2.5\r\n",
    ",nan\r\n",
    "#t\r\n",
    "#f\r\n",
    "_\r\n",
    "(123456789012345678901234567890\r\n",
    "=8\r\ntxt:some\r\n",
    "*0\r\n",
    "%0\r\n",
    "*3\r\n:1\r\n$1\r\na\r\n_\r\n",
    "~2\r\n+a\r\n+b\r\n",
    ">2\r\n+message\r\n$0\r\n\r\n",
    "%2\r\n+a\r\n*2\r\n*0\r\n*1\r\n:1\r\n+b\r\n%1\r\n#t\r\n~1\r\n,1\r\n",
    "*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n$3\r\nend\r\n",
    "*1\r\n*1\r\n*1\r\n$4\r\ndeep\r\n",
];

fn received(text: &str) -> Reply {
    Reply::from_resp(text.as_bytes()).unwrap()
}

fn copy(part: ReplyRef<'_>) -> Reply {
    let mut builder = Builder::new();
    builder.copy(part);
    builder.finish().unwrap()
}

/// Kind, flags and span of each cell.
fn shape(reply: &Reply) -> Vec<(u8, u8, u32)> {
    reply.root().cells().0.iter().map(|cell| (cell.kind, cell.flags, cell.span)).collect()
}

#[test]
fn a_copy_is_equal() {
    for text in SHAPES {
        let original = received(text);
        let copied = copy(original.root());
        assert_eq!(value_of(&copied), value_of(&original), "{text}");
        assert_eq!(shape(&copied), shape(&original), "{text}");
    }
}

#[test]
fn parts_of_a_reply_are_copied_as_roots() {
    let all = received(&format!("*{}\r\n{}", SHAPES.len(), SHAPES.concat()));
    for (part, text) in all.root().children().zip(SHAPES) {
        let copied = copy(part);
        assert_eq!(value_of(&copied), value_of(&received(text)), "{text}");
        assert_eq!(shape(&copied), shape(&received(text)), "{text}");
    }
}

#[test]
fn replies_are_put_together() {
    let parts: Vec<_> = SHAPES.iter().map(|text| received(text)).collect();
    let mut builder = Builder::new();
    builder.array(parts.len());
    parts.iter().for_each(|part| builder.copy(part.root()));
    let together = builder.finish().unwrap();
    let sent = received(&format!("*{}\r\n{}", SHAPES.len(), SHAPES.concat()));
    assert_eq!(value_of(&together), value_of(&sent));
    assert_eq!(shape(&together), shape(&sent));
}

#[test]
fn parts_of_each_kind() {
    let mut builder = Builder::with_room(9);
    builder.map(4);
    builder.bytes(b"string");
    builder.status("OK");
    builder.error(b"ERR no");
    builder.nil();
    builder.integer(i64::MIN);
    builder.boolean(true);
    builder.array(0);
    builder.array(1);
    builder.bytes(b"");
    let reply = builder.finish().unwrap();
    let sent = "%4\r\n$6\r\nstring\r\n+OK\r\n-ERR no\r\n_\r\n:-9223372036854775808\r\n#t\r\n*0\r\n\
                *1\r\n$0\r\n\r\n";
    assert_eq!(value_of(&reply), value_of(&received(sent)));
    assert_eq!(shape(&reply), shape(&received(sent)));
    assert_eq!(reply.root().at(2).unwrap().error_code(), Some("ERR"));
}

#[test]
fn attributes_are_left_out() {
    let reply = received("|1\r\n+a\r\n:1\r\n*2\r\n|1\r\n+b\r\n:2\r\n+x\r\n:5\r\n");
    let copied = copy(reply.root());
    assert_eq!(value_of(&copied), value_of(&received("*2\r\n+x\r\n:5\r\n")));
    assert_eq!(shape(&copied), shape(&received("*2\r\n+x\r\n:5\r\n")));
    // The attributes themselves are a reply's part, too.
    let tree = copy(reply.root().attributes().unwrap());
    assert_eq!(value_of(&tree), value_of(&received("%1\r\n+a\r\n:1\r\n")));
}

#[test]
fn deep_replies() {
    const DEPTH: usize = 100_000;
    let mut builder = Builder::new();
    (0..DEPTH).for_each(|_| builder.array(1));
    builder.bytes(b"innermost");
    let deep = builder.finish().unwrap();
    let mut builder = Builder::new();
    builder.array(2);
    builder.copy(deep.root());
    builder.copy(deep.root().at(0).unwrap());
    let twice = builder.finish().unwrap();
    assert_eq!(twice.root().cells().0.len(), 1 + (DEPTH + 1) + DEPTH);
    for part in twice.root().children() {
        let innermost = std::iter::successors(Some(part), |part| part.at(0)).last().unwrap();
        assert_eq!(innermost.bytes(), Some(&b"innermost"[..]));
    }
}

#[test]
fn long_replies() {
    const LENGTH: usize = 100_000;
    let texts: Vec<_> = (0..LENGTH).map(|index| index.to_string()).collect();
    let mut builder = Builder::new();
    builder.array(LENGTH);
    texts.iter().for_each(|text| builder.bytes(text.as_bytes()));
    let reply = copy(builder.finish().unwrap().root());
    assert_eq!(reply.root().count(), LENGTH);
    for (element, text) in reply.root().children().zip(&texts) {
        assert_eq!(element.text(), Some(&**text));
    }
    assert_eq!(reply.root().at(LENGTH - 1).unwrap().text(), Some("99999"));

    let large = vec![7; 1 << 20];
    let mut builder = Builder::new();
    builder.array(5);
    (0..5).for_each(|_| builder.bytes(&large));
    let reply = builder.finish().unwrap();
    assert!(reply.root().children().all(|element| element.bytes() == Some(&large[..])));
    let Value::Aggregate(Kind::Array, elements) = value_of(&reply) else { panic!() };
    assert_eq!(elements.len(), 5);
}

#[test]
fn what_is_no_reply() {
    let none = |make: fn(&mut Builder<'static>)| {
        let mut builder = Builder::new();
        make(&mut builder);
        assert!(builder.finish().is_none());
    };
    none(|_| ());
    none(|builder| builder.array(1));
    none(|builder| {
        builder.map(1);
        builder.nil();
    });
    none(|builder| {
        builder.nil();
        builder.nil();
    });
    none(|builder| {
        builder.array(0);
        builder.bytes(b"x");
    });
    none(|builder| builder.array(usize::MAX));
    none(|builder| builder.map(usize::MAX));
    none(|builder| builder.map(u32::MAX as usize / 2 + 1));
    // One that is refused stays so.
    none(|builder| {
        builder.array(usize::MAX);
        builder.nil();
    });
}

#[test]
fn limits_of_the_decoder_are_not_the_builders() {
    let limits = Limits { max_reply_size: usize::MAX, max_reply_depth: 128 };
    let mut builder = Builder::new();
    (0..=limits.max_reply_depth).for_each(|_| builder.array(1));
    builder.nil();
    assert!(builder.finish().is_some());
}
