//! Every file of the fuzz corpora through the body of its target.

#[path = "../fuzz/targets/decode_body.rs"]
mod decode_body;

use std::fs;
use std::path::Path;

#[test]
fn decode() {
    replay("decode", decode_body::run);
}

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "no files in {}", corpus.display());
}
