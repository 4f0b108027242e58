//! The gate of refreshes: one at a time, shared, never in anybody's way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rediscluster::deadline::Deadline;
use rediscluster::error::{Error, Result, Status};
use rediscluster::node::NodeAddress;
use rediscluster::options::Translation;
use rediscluster::os::futex::Event;
use rediscluster::resp::Reply;
use rediscluster::topology::{Kind, Outcome, Query, Refresh, SlotMap};

const NEVER: Deadline = Deadline::NEVER;

fn map() -> Result<Arc<SlotMap>> {
    Ok(Arc::new(SlotMap::empty()))
}

fn refreshed(result: Result<Outcome>) -> Arc<SlotMap> {
    match result.expect("the refresh ends well") {
        Outcome::Refreshed(map) => map,
        Outcome::Suppressed => panic!("the refresh was suppressed"),
    }
}

fn until(condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "the state waited for did not come");
        thread::yield_now();
    }
}

/// Starts a refresh that stays under way until the event is set.
fn held(refresh: &Arc<Refresh>, release: &Arc<Event>) -> thread::JoinHandle<Result<Outcome>> {
    let started = Arc::new(Event::new());
    let leader = {
        let (refresh, started, release) = (refresh.clone(), started.clone(), release.clone());
        thread::spawn(move || {
            refresh.run(Kind::Forced, NEVER, || {
                started.set();
                release.wait(NEVER);
                map()
            })
        })
    };
    assert!(started.wait(Deadline::after(Duration::from_secs(20))));
    leader
}

#[test]
fn sixty_four_threads_share_one() {
    let refresh = Arc::new(Refresh::new(Duration::from_secs(3600)));
    let release = Arc::new(Event::new());
    let leader = held(&refresh, &release);
    let begun = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..64)
        .map(|_| {
            let (refresh, begun) = (refresh.clone(), begun.clone());
            thread::spawn(move || {
                begun.fetch_add(1, Ordering::SeqCst);
                refresh.run(Kind::Wanted, NEVER, || panic!("one is under way"))
            })
        })
        .collect();
    until(|| begun.load(Ordering::SeqCst) == 64);
    // Those not yet past the gate find it closed by the interval.
    release.set();
    let shared = refreshed(leader.join().unwrap());
    let mut suppressed = 0;
    for waiter in waiters {
        match waiter.join().unwrap().unwrap() {
            Outcome::Refreshed(map) => assert!(Arc::ptr_eq(&map, &shared)),
            Outcome::Suppressed => suppressed += 1,
        }
    }
    assert_eq!((refresh.refreshes(), refresh.suppressed()), (1, suppressed));
    assert!(!refresh.is_running());
}

#[test]
fn threads_that_arrive_together_run_one() {
    for _ in 0..50 {
        let refresh = Refresh::new(Duration::from_secs(3600));
        let runs = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    refresh.run(Kind::Wanted, NEVER, || {
                        runs.fetch_add(1, Ordering::SeqCst);
                        map()
                    })
                });
            }
        });
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn who_forces_one_meanwhile_gets_a_new_one_and_all_share_it() {
    let refresh = Arc::new(Refresh::new(Duration::from_millis(100)));
    let release = Arc::new(Event::new());
    let leader = held(&refresh, &release);
    let second = Arc::new(AtomicUsize::new(0));
    let first_over = Arc::new(AtomicBool::new(false));
    let begun = Arc::new(AtomicUsize::new(0));
    let forcers: Vec<_> = (0..32)
        .map(|_| {
            let (refresh, second) = (refresh.clone(), second.clone());
            let (first_over, begun) = (first_over.clone(), begun.clone());
            thread::spawn(move || {
                begun.fetch_add(1, Ordering::SeqCst);
                refresh.run(Kind::Forced, NEVER, || {
                    assert!(first_over.load(Ordering::SeqCst), "it began before the first ended");
                    // Long enough for every forcer to be on its way in.
                    thread::sleep(Duration::from_millis(50));
                    second.fetch_add(1, Ordering::SeqCst);
                    map()
                })
            })
        })
        .collect();
    until(|| begun.load(Ordering::SeqCst) == 32);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(second.load(Ordering::SeqCst), 0);
    first_over.store(true, Ordering::SeqCst);
    release.set();
    let first = refreshed(leader.join().unwrap());
    let maps: Vec<_> =
        forcers.into_iter().map(|thread| refreshed(thread.join().unwrap())).collect();
    assert!(maps.iter().all(|map| !Arc::ptr_eq(map, &first)));
    assert_eq!(second.load(Ordering::SeqCst), 1);
    assert!(maps.iter().all(|map| Arc::ptr_eq(map, &maps[0])));
    assert_eq!(refresh.refreshes(), 2);
}

#[test]
fn too_soon_is_suppressed_unless_forced() {
    let refresh = Refresh::new(Duration::from_secs(3600));
    refreshed(refresh.run(Kind::Wanted, NEVER, map));
    let outcome = refresh.run(Kind::Wanted, NEVER, || panic!("too soon")).unwrap();
    assert!(matches!(outcome, Outcome::Suppressed));
    refreshed(refresh.run(Kind::Forced, NEVER, map));
    assert_eq!((refresh.refreshes(), refresh.suppressed()), (2, 1));
    let open = Refresh::new(Duration::ZERO);
    for _ in 0..10 {
        refreshed(open.run(Kind::Wanted, NEVER, map));
    }
}

#[test]
fn trouble_is_met_with_at_most_three_in_the_first_second() {
    for fails in [true, false] {
        let refresh = Refresh::new(Duration::from_millis(100));
        let started = Instant::now();
        let mut begun = Vec::new();
        refresh.run(Kind::Wanted, NEVER, map).unwrap();
        while started.elapsed() < Duration::from_millis(990) {
            let at = Instant::now();
            let _ = refresh.run(Kind::Wanted, NEVER, || {
                begun.push(at);
                if fails { Err(Error::new(Status::Unreachable, "nobody answers")) } else { map() }
            });
            thread::sleep(Duration::from_millis(1));
        }
        // The first brought news (the gate knew nothing before); then 100, 200, 400 ms, give or take.
        assert!((1..=3).contains(&begun.len()), "{} after the first", begun.len());
        assert!(begun[0] - started >= Duration::from_millis(80));
        for pair in begun.windows(2) {
            assert!(pair[1] - pair[0] >= Duration::from_millis(160));
        }
    }
}

#[test]
fn a_refused_view_is_no_news() {
    let interval = Duration::from_millis(200);
    let refresh = Refresh::new(interval);
    refresh.run(Kind::Wanted, NEVER, map).unwrap();
    // The present map, which a redirect has corrected since, is not what the last refresh brought.
    let slots = Reply::from_resp(b"*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n$1\r\na\r\n:1\r\n").unwrap();
    let asked = NodeAddress::new("a", 1);
    let present = Query::Slots.read(slots.root(), &asked, &Translation::default(), false).unwrap();
    let present = Arc::new(present);
    // When it began, once one is let through.
    let next = || {
        let began = std::cell::Cell::new(None);
        until(|| {
            let outcome = refresh.run(Kind::Wanted, NEVER, || {
                began.set(Some(Instant::now()));
                assert!(refresh.refuses_older(&present));
                Ok(present.clone())
            });
            matches!(outcome, Ok(Outcome::Refreshed(_)))
        });
        began.get().unwrap()
    };
    let (refused, after) = (next(), next());
    // Twice the interval, give or take a fifth; after news it would be the interval.
    assert!(after - refused >= interval * 3 / 2, "{:?}", after - refused);
}

#[test]
fn a_failure_is_shared_too() {
    let refresh = Arc::new(Refresh::new(Duration::from_millis(100)));
    let (started, release) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let leader = {
        let (refresh, started, release) = (refresh.clone(), started.clone(), release.clone());
        thread::spawn(move || {
            refresh.run(Kind::Forced, NEVER, || {
                started.set();
                release.wait(NEVER);
                Err(Error::new(Status::Auth, "refused"))
            })
        })
    };
    assert!(started.wait(NEVER));
    let begun = Arc::new(Event::new());
    let waiter = {
        let (refresh, begun) = (refresh.clone(), begun.clone());
        thread::spawn(move || {
            begun.set();
            refresh.run(Kind::Wanted, NEVER, || panic!("one is under way"))
        })
    };
    assert!(begun.wait(NEVER));
    thread::sleep(Duration::from_millis(50));
    release.set();
    assert_eq!(leader.join().unwrap().unwrap_err().status(), Status::Auth);
    match waiter.join().unwrap() {
        Err(error) => assert_eq!(error.status(), Status::Auth),
        Ok(outcome) => assert!(matches!(outcome, Outcome::Suppressed), "it came too late"),
    }
}

#[test]
fn a_leader_that_panics_hands_the_lead_on() {
    let refresh = Arc::new(Refresh::new(Duration::from_secs(3600)));
    let (started, release) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let leader = {
        let (refresh, started, release) = (refresh.clone(), started.clone(), release.clone());
        thread::spawn(move || {
            catch_unwind(AssertUnwindSafe(|| {
                refresh.run(Kind::Wanted, NEVER, || {
                    started.set();
                    release.wait(NEVER);
                    std::panic::resume_unwind(Box::new("as planned"))
                })
            }))
            .is_err()
        })
    };
    assert!(started.wait(NEVER));
    let runs = Arc::new(AtomicUsize::new(0));
    let begun = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..8)
        .map(|_| {
            let (refresh, runs, begun) = (refresh.clone(), runs.clone(), begun.clone());
            thread::spawn(move || {
                begun.fetch_add(1, Ordering::SeqCst);
                refresh.run(Kind::Wanted, NEVER, || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    map()
                })
            })
        })
        .collect();
    until(|| begun.load(Ordering::SeqCst) == 8);
    thread::sleep(Duration::from_millis(50));
    release.set();
    assert!(leader.join().unwrap());
    for waiter in waiters {
        waiter.join().unwrap().unwrap();
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert!(!refresh.is_running());
}

#[test]
fn a_leader_whose_time_is_over_speaks_for_itself_alone() {
    let refresh = Arc::new(Refresh::new(Duration::from_secs(3600)));
    let (started, waiting) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let short = Deadline::after(Duration::from_millis(150));
    let leader = {
        let (refresh, started) = (refresh.clone(), started.clone());
        thread::spawn(move || {
            refresh.run(Kind::Wanted, short, || {
                started.set();
                Event::new().wait(short);
                Err(Error::new(Status::Timeout, "the deadline passed"))
            })
        })
    };
    assert!(started.wait(NEVER));
    let waiter = {
        let (refresh, waiting) = (refresh.clone(), waiting.clone());
        thread::spawn(move || {
            waiting.set();
            refresh.run(Kind::Wanted, NEVER, map)
        })
    };
    assert!(waiting.wait(NEVER));
    assert_eq!(leader.join().unwrap().unwrap_err().status(), Status::Timeout);
    match waiter.join().unwrap().unwrap() {
        Outcome::Refreshed(_) => assert_eq!(refresh.refreshes(), 2),
        Outcome::Suppressed => assert_eq!(refresh.refreshes(), 1, "it came too late"),
    }
}

#[test]
fn a_waiter_leaves_at_its_own_deadline() {
    let refresh = Arc::new(Refresh::new(Duration::from_secs(3600)));
    let release = Arc::new(Event::new());
    let leader = held(&refresh, &release);
    for kind in [Kind::Wanted, Kind::Forced] {
        for wait in [0, 30] {
            let begun = Instant::now();
            let deadline = Deadline::after(Duration::from_millis(wait));
            let error = refresh.run(kind, deadline, || panic!("one is under way")).unwrap_err();
            assert_eq!(error.status(), Status::Timeout);
            assert!(begun.elapsed() >= Duration::from_millis(wait));
        }
    }
    release.set();
    refreshed(leader.join().unwrap());
    // Nobody is left of those who forced one: what they asked for is not run for them.
    let outcome = refresh.run(Kind::Wanted, NEVER, || panic!("too soon")).unwrap();
    assert!(matches!(outcome, Outcome::Suppressed));
    assert_eq!(refresh.refreshes(), 1);
}
