//! The same data, operations and clock as in bench/workload.h.

use std::io::Read;
use std::time::Instant;

pub const SMALL_KEY: &str = "{bench}small";
pub const LARGE_KEY: &str = "{bench}large";
pub const LIST_KEY: &str = "{bench}list";
pub const HASH_KEY: &str = "{bench}hash";
pub const SMALL: usize = 64;
pub const LARGE: usize = 1024 * 1024;
pub const ELEMENTS: usize = 1000;
pub const KEYS: u64 = 1000;
pub const TAGS: u64 = 30;
pub const PIPELINE: u64 = 100;
pub const IN_FLIGHT: u64 = 1000;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;
pub type Outcome<T = ()> = Result<T, Failure>;

/// The keys of the operations, made once.
pub fn keys() -> Vec<String> {
    (0..KEYS).map(|number| format!("bench:{number:010}")).collect()
}

pub fn tagged_keys() -> Vec<String> {
    (0..KEYS).map(|number| format!("{{bench:{:02}}}:{number:06}", number % TAGS)).collect()
}

pub fn is_set(turn: u64) -> bool {
    turn % 5 == 4
}

pub fn key_of(turn: u64) -> usize {
    (turn.wrapping_mul(617) % KEYS) as usize
}

pub fn must(good: bool, what: &str) -> Outcome {
    if good { Ok(()) } else { Err(what.into()) }
}

/// User and system time of the process, in nanoseconds.
fn cpu() -> f64 {
    let mut used = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes the structure whole, and zeros are one, too.
    let used = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, used.as_mut_ptr());
        used.assume_init()
    };
    let nanoseconds = |time: libc::timeval| time.tv_sec as f64 * 1e9 + time.tv_usec as f64 * 1e3;
    nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime)
}

pub struct Clock {
    wall: Instant,
    cpu: f64,
}

impl Clock {
    pub fn start() -> Clock {
        Clock { wall: Instant::now(), cpu: cpu() }
    }

    /// Wall and CPU time an operation. With BENCH_LINGER the program then waits, its connections open, until its
    /// standard input ends.
    pub fn report(self, count: u64) {
        let (wall, cpu) = (self.wall.elapsed().as_nanos() as f64, cpu() - self.cpu);
        if count > 0 {
            println!("wall {:.1} cpu {:.1}", wall / count as f64, cpu / count as f64);
        }
        if std::env::var_os("BENCH_LINGER").is_some() {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
        }
    }
}
