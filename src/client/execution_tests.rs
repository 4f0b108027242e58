//! Executions played without a server: chosen stories, and thousands of random ones.

use proptest::prelude::*;

use super::*;
use crate::deadline::Deadline;
use crate::error::Result;

const SLOT: u16 = 7;

fn node(port: u16) -> NodeAddress {
    NodeAddress::new("10.0.0.1", port)
}

fn rules(deadline: Deadline) -> Rules {
    Rules {
        deadline,
        max_redirects: 16,
        max_retries: 3,
        backoff_min: Duration::from_millis(10),
        backoff_max: Duration::from_millis(500),
        retry_on_timeout: false,
    }
}

fn reply(text: &str) -> Reply {
    Reply::from_resp(text.as_bytes()).expect("a reply")
}

fn answered(text: &str) -> Event {
    Event::Answered { node: node(1), reply: reply(text), by_replica: false, demoted: false }
}

fn failed(status: Status, sent: bool, had_connection: bool) -> Event {
    let error = Error::new(status, "it failed").on_node(&node(1));
    Event::Failed { error, sent, had_connection }
}

fn started(replays: bool) -> Execution {
    let mut execution = Execution::new(
        rules(Deadline::after(Duration::from_secs(60))),
        Target::Primary(SLOT),
        replays,
    );
    assert!(matches!(
        execution.step(),
        Step::Send { target: Target::Primary(SLOT), asking: false }
    ));
    execution
}

/// Plays the steps up to the next send or the end, without letting time pass.
fn follow(execution: &mut Execution) -> Step {
    loop {
        match execution.step() {
            Step::Patch { .. } | Step::Asked | Step::Refresh { .. } | Step::Wait { .. } => {}
            step => return step,
        }
    }
}

fn on(execution: &mut Execution, event: Event) {
    execution.on(event, Duration::from_millis(1), &mut |bound| bound);
}

fn end(step: Step) -> Result<Reply> {
    match step {
        Step::Done(result) => result,
        step => panic!("not the end: {step:?}"),
    }
}

#[test]
fn a_reply_ends_it() {
    for text in ["+OK\r\n", ":1\r\n", "-WRONGTYPE no\r\n", "-ERR MOVED it is not\r\n", "$-1\r\n"] {
        let mut execution = started(false);
        on(&mut execution, answered(text));
        assert!(end(execution.step()).is_ok(), "{text}");
    }
}

#[test]
fn moved_patches_the_map_and_is_followed_to_the_node_it_names() {
    let mut execution = started(false);
    on(&mut execution, answered("-MOVED 7 10.0.0.2:2\r\n"));
    let there = Announced::new("10.0.0.2", 2, &node(1));
    match execution.step() {
        Step::Patch { slot: SLOT, node } => assert_eq!(node, there),
        step => panic!("{step:?}"),
    }
    match execution.step() {
        Step::Send { target: Target::Named(node), asking: false } => assert_eq!(*node, there),
        step => panic!("{step:?}"),
    }
}

#[test]
fn ask_is_followed_once_and_the_next_try_goes_home() {
    let mut execution = started(false);
    on(&mut execution, answered("-ASK 7 10.0.0.2:2\r\n"));
    assert!(matches!(execution.step(), Step::Asked));
    assert!(matches!(execution.step(), Step::Send { target: Target::Named(_), asking: true }));
    on(&mut execution, answered("-TRYAGAIN Multiple keys request during rehashing of slot\r\n"));
    assert!(matches!(execution.step(), Step::Wait { .. }));
    assert!(matches!(
        execution.step(),
        Step::Send { target: Target::Primary(SLOT), asking: false }
    ));
}

#[test]
fn a_redirect_that_makes_no_sense_is_the_end_of_this_call() {
    for text in ["-MOVED x 10.0.0.1:1\r\n", "-MOVED 99999 10.0.0.1:1\r\n", "-ASK 7 10.0.0.1:0\r\n"]
    {
        let mut execution = started(false);
        on(&mut execution, answered(text));
        let error = end(execution.step()).expect_err("no reply");
        assert_eq!(error.status(), Status::Protocol, "{text}");
        assert_eq!(error.node(), "10.0.0.1:1");
    }
}

#[test]
fn endless_redirects_end_after_the_last_that_is_allowed() {
    let mut execution = started(false);
    let mut sends = 1;
    let error = loop {
        on(&mut execution, answered("-MOVED 7 10.0.0.2:2\r\n"));
        match follow(&mut execution) {
            Step::Send { .. } => sends += 1,
            step => break end(step).expect_err("no reply"),
        }
    };
    assert_eq!((sends, error.status()), (17, Status::TooManyRedirects));
    assert_eq!((error.slot(), error.attempts().len()), (Some(SLOT), 17));
    assert!(!error.maybe_executed());
}

#[test]
fn what_the_server_puts_off_waits_longer_each_time() {
    let mut execution = started(false);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        on(&mut execution, answered("-TRYAGAIN later\r\n"));
        match execution.step() {
            Step::Wait { until } => pauses.push(until.saturating_duration_since(Instant::now())),
            step => panic!("{step:?}"),
        }
        assert!(matches!(execution.step(), Step::Send { .. }));
    }
    assert!(pauses.windows(2).all(|two| two[0] < two[1]), "{pauses:?}");
    on(&mut execution, answered("+OK\r\n"));
    assert!(end(execution.step()).is_ok());
}

#[test]
fn at_the_deadline_what_was_put_off_ends_with_its_own_status() {
    for (code, status) in [
        ("TRYAGAIN", Status::TryAgain),
        ("CLUSTERDOWN", Status::ClusterDown),
        ("LOADING", Status::Loading),
        ("MASTERDOWN", Status::Loading),
        ("READONLY", Status::ReadOnly),
    ] {
        let deadline = Deadline::after(Duration::from_millis(5));
        let mut execution = Execution::new(rules(deadline), Target::Primary(SLOT), false);
        assert!(matches!(execution.step(), Step::Send { .. }));
        on(&mut execution, answered(&format!("-{code} secret\r\n")));
        std::thread::sleep(Duration::from_millis(6));
        let error = end(execution.step()).expect_err("no reply");
        assert_eq!((error.status(), error.server_code()), (status, code));
        assert!(!error.message().contains("secret") && !error.maybe_executed());
        assert_eq!(error.attempts().len(), 1);
    }
}

#[test]
fn a_write_that_may_have_run_is_not_sent_again() {
    for status in [Status::Connection, Status::Timeout, Status::Protocol, Status::Cancelled] {
        let mut execution = started(false);
        on(&mut execution, failed(status, true, true));
        let error = end(execution.step()).expect_err("no reply");
        assert_eq!((error.status(), error.maybe_executed()), (status, true));
    }
}

#[test]
fn a_read_is_sent_again_and_so_is_what_never_left() {
    for (replays, sent) in [(true, true), (true, false), (false, false)] {
        let mut execution = started(replays);
        on(&mut execution, failed(Status::Connection, sent, true));
        assert!(matches!(follow(&mut execution), Step::Send { target: Target::Primary(SLOT), .. }));
    }
}

#[test]
fn a_connection_that_died_idle_is_replaced_without_a_pause() {
    let mut execution = started(false);
    on(&mut execution, failed(Status::Connection, false, true));
    assert!(matches!(execution.step(), Step::Send { .. }));
    on(&mut execution, failed(Status::Connection, false, true));
    assert!(matches!(execution.step(), Step::Refresh { suspect: Some(_) }));
}

#[test]
fn what_another_try_does_not_mend_ends_at_once() {
    for status in
        [Status::Auth, Status::PoolExhausted, Status::PoolTimeout, Status::Closed, Status::Tls]
    {
        let mut execution = started(true);
        on(&mut execution, failed(status, false, false));
        let error = end(execution.step()).expect_err("no reply");
        assert_eq!(error.status(), status);
        assert!(!error.maybe_executed());
    }
}

#[test]
fn a_demoted_node_is_not_believed() {
    let by = |text: &str| Event::Answered {
        node: node(1),
        reply: reply(text),
        by_replica: false,
        demoted: true,
    };
    let mut read = started(true);
    on(&mut read, by("$3\r\nold\r\n"));
    assert!(matches!(read.step(), Step::Send { .. }));
    let mut write = started(false);
    on(&mut write, by("+OK\r\n"));
    let error = end(write.step()).expect_err("no reply");
    assert!(error.maybe_executed());
    // What it did not run may be followed.
    let mut redirected = started(false);
    on(&mut redirected, by("-MOVED 7 10.0.0.2:2\r\n"));
    assert!(matches!(redirected.step(), Step::Patch { .. }));
}

#[test]
fn a_replica_that_cannot_answer_is_passed_over_at_once() {
    let mut execution = started(true);
    let reply = reply("-LOADING Redis is loading the dataset in memory\r\n");
    on(&mut execution, Event::Answered { node: node(1), reply, by_replica: true, demoted: false });
    assert!(matches!(execution.step(), Step::Send { .. }));
}

/// What may happen to a command that was sent.
#[derive(Clone, Debug)]
enum Fate {
    Reply(&'static str),
    Demoted,
    Failed {
        status: Status,
        sent: bool,
        had_connection: bool,
    },
    /// Nothing came until the deadline.
    Silence,
}

fn fate() -> impl Strategy<Value = Fate> {
    let codes = prop::sample::select(vec![
        "+OK\r\n",
        "-MOVED 7 10.0.0.2:2\r\n",
        "-MOVED 7 :2\r\n",
        "-MOVED 7 ?:2\r\n",
        "-ASK 7 10.0.0.3:3\r\n",
        "-MOVED 7 x\r\n",
        "-TRYAGAIN later\r\n",
        "-CLUSTERDOWN down\r\n",
        "-LOADING yes\r\n",
        "-MASTERDOWN yes\r\n",
        "-READONLY yes\r\n",
        "-WRONGTYPE no\r\n",
    ]);
    let statuses = prop::sample::select(vec![
        Status::Connection,
        Status::Timeout,
        Status::SlotNotCovered,
        Status::Auth,
        Status::PoolExhausted,
        Status::Protocol,
    ]);
    prop_oneof![
        6 => codes.prop_map(Fate::Reply),
        1 => Just(Fate::Demoted),
        4 => (statuses, any::<bool>(), any::<bool>()).prop_map(|(status, sent, had_connection)| {
            Fate::Failed { status, sent: sent && had_connection, had_connection }
        }),
        1 => Just(Fate::Silence),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn any_order_of_events_ends_in_time_and_sends_no_write_twice(
        fates in prop::collection::vec(fate(), 0..60),
        replays: bool,
        retry_on_timeout: bool,
        max_redirects in 0_u32..20,
        max_retries in 0_u32..6,
    ) {
        // The clock is the real one, so the deadline is far away until a story lets it pass.
        let far = Deadline::after(Duration::from_secs(3600));
        let rules = Rules { retry_on_timeout, max_redirects, max_retries, ..rules(far) };
        let mut execution = Execution::new(rules, Target::Primary(SLOT), replays);
        let mut fates = fates.into_iter();
        let (mut sends, mut redirects, mut failures, mut put_off) = (0_u32, 0_u32, 0_u32, 0_u32);
        let mut in_doubt = 0;
        let mut steps = 0;
        let outcome = loop {
            steps += 1;
            prop_assert!(steps < 10_000, "it goes on for ever");
            match execution.step() {
                Step::Send { .. } => {
                    sends += 1;
                    prop_assert!(
                        in_doubt == 0 || replays || retry_on_timeout,
                        "a write was sent again though it may have run"
                    );
                    let fate = fates.next().unwrap_or(Fate::Reply("+OK\r\n"));
                    match fate {
                        Fate::Reply(text) => {
                            redirects += u32::from(text.starts_with("-MOVED") || text.starts_with("-ASK"));
                            put_off += u32::from(
                                ["-TRY", "-CLU", "-LOA", "-MAS", "-REA"].iter().any(|code| text.starts_with(code)),
                            );
                            on(&mut execution, answered(text));
                        }
                        Fate::Demoted => {
                            in_doubt += 1;
                            failures += 1;
                            let (node, reply) = (node(1), reply("+OK\r\n"));
                            let event =
                                Event::Answered { node, reply, by_replica: false, demoted: true };
                            on(&mut execution, event);
                        }
                        Fate::Failed { status, sent, had_connection } => {
                            in_doubt += u32::from(sent);
                            failures += 1;
                            on(&mut execution, failed(status, sent, had_connection));
                        }
                        Fate::Silence => {
                            // The call's time ends: everything after it is the end.
                            execution.rules.deadline = Deadline::after(Duration::ZERO);
                            in_doubt += 1;
                            on(&mut execution, failed(Status::Timeout, true, true));
                            let step = execution.step();
                            prop_assert!(matches!(step, Step::Done(_)), "{step:?}");
                            break end(step);
                        }
                    }
                }
                Step::Patch { slot, .. } => {
                    prop_assert_eq!(slot, SLOT);
                    if steps % 3 == 0 {
                        execution.nowhere(&mut |bound| bound);
                    }
                }
                Step::Wait { until } => {
                    let longest = Duration::from_millis(501);
                    prop_assert!(until.saturating_duration_since(Instant::now()) <= longest);
                }
                Step::Asked | Step::Refresh { .. } => {}
                Step::Done(result) => break result,
            }
        };
        prop_assert!(redirects <= max_redirects + 1);
        prop_assert!(
            sends <= 1 + redirects.min(max_redirects) + failures.min(max_retries) + put_off,
            "{} sends", sends
        );
        match outcome {
            Ok(_) => {}
            Err(error) => prop_assert_eq!(error.maybe_executed(), in_doubt > 0, "{:?}", error),
        }
    }

    #[test]
    fn past_the_deadline_nothing_is_begun(fates in prop::collection::vec(fate(), 1..10), replays: bool) {
        let mut execution = started(replays);
        for fate in fates {
            match fate {
                Fate::Reply(text) => on(&mut execution, answered(text)),
                Fate::Failed { status, sent, had_connection } => {
                    on(&mut execution, failed(status, sent, had_connection));
                }
                Fate::Demoted | Fate::Silence => on(&mut execution, failed(Status::Timeout, true, true)),
            }
            match follow(&mut execution) {
                Step::Send { .. } => {}
                _ => return Ok(()),
            }
        }
        execution.rules.deadline = Deadline::after(Duration::ZERO);
        on(&mut execution, answered("-TRYAGAIN later\r\n"));
        let step = execution.step();
        prop_assert!(matches!(step, Step::Done(Err(_))), "{:?}", step);
    }
}
