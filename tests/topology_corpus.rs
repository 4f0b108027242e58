//! Every file of the fuzz corpus of the topology answers, whole and spoilt, through the body of its target.

#[path = "../fuzz/targets/topology_body.rs"]
mod topology_body;

use std::fs;
use std::path::Path;

fn corpus() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/topology");
    let mut files: Vec<_> =
        fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn every_file() {
    for data in corpus() {
        topology_body::run(&data);
    }
}

#[test]
fn every_file_with_bytes_changed() {
    let mut rng = fastrand::Rng::with_seed(11);
    for data in corpus() {
        for _ in 0..200 {
            let mut data = data.clone();
            for _ in 0..rng.usize(1..4) {
                if let Some(byte) = rng.choice(0..data.len()).map(|at| &mut data[at]) {
                    *byte = rng.choice(*b"0123456789:*$%-+_?,@[] \r\nabz\xff").unwrap_or(b'0');
                }
            }
            topology_body::run(&data);
        }
    }
}
