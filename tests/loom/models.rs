//! The models: each a few callers and what happens to them, in every order that the checker finds.

use crate::channel::{Ask, Channel, Tried};
use crate::deadline::{Clock, End};
use crate::net::{GOOD, Manner, Net};
use crate::story::{Account, Story};

/// Answers when the model says so.
const HELD: Manner = Manner { answers: false, ..GOOD };

/// By name, with how many preemptions are looked at.
pub const MODELS: &[(&str, usize, fn())] = &[
    ("two callers", 4, two_callers),
    ("three callers", 3, three_callers),
    ("two callers, twice each", 4, two_callers_twice),
    ("whoever leads is taken for silent", 4, stale),
    ("a connection stays at hand", 3, stays),
    ("a connection stays at hand, and breaks", 3, stays_and_breaks),
    ("one reply a receive", 2, one_reply_a_receive),
    ("one times out", 3, one_times_out),
    ("one of three times out", 2, one_of_three_times_out),
    ("one is cancelled while it looks again and again", 3, cancelled),
    ("all time out, and ask again", 3, all_time_out),
    ("a break in receive", 4, break_in_receive),
    ("a break in receive and a timeout", 3, break_and_timeout),
    ("a break in send", 3, break_in_send),
    ("a break in the second command of a pipeline", 5, break_in_pipeline),
    ("answered before it is sent, then a break", 5, hasty),
    ("a new connection is wanted", 4, renewal),
    ("a new connection is wanted while a reply is late", 2, renewal_and_timeout),
    ("large pieces take turns", 3, large),
    ("a large piece behind unread replies", 3, large_and_window),
    ("a large piece breaks", 5, large_and_break),
    ("a large piece times out while it is sent", 3, large_and_timeout),
    ("a large pipeline whose replies are not read", 3, pipeline_and_window),
    ("a full queue", 3, full),
    ("a full queue and a timeout", 4, full_and_timeout),
    ("asking", 4, asking),
    ("several commands of one call", 3, pipelines),
    ("a wait is put off", 3, put_off),
    ("one call on two channels, crosswise", 4, crosswise),
];

fn two_callers() {
    let mut story = Story::new(&[]);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::one(2)]);
    story.finish();
}

fn three_callers() {
    let mut story = Story::new(&[]);
    for number in 1..=3 {
        story.caller(&[Ask::one(number)]);
    }
    story.finish();
}

fn two_callers_twice() {
    let mut story = Story::new(&[]);
    story.caller(&[Ask::one(1), Ask::one(2)]);
    story.caller(&[Ask::one(3), Ask::one(4)]);
    story.finish();
}

fn stale() {
    let mut story = Story::on(Net::new(&[HELD], true, false), usize::MAX);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::one(2)]);
    story.net.answer();
    story.finish();
}

fn stays() {
    let mut story = Story::on(Net::new(&[], false, true), usize::MAX);
    story.caller(&[Ask::one(1), Ask::one(2)]);
    story.caller(&[Ask { epoch: 1, ..Ask::one(3) }, Ask::one(4)]);
    story.finish();
}

fn stays_and_breaks() {
    let mut story = Story::on(Net::new(&[], false, true), usize::MAX);
    story.caller(&[Ask::one(1), Ask::one(2)]);
    story.caller(&[Ask::one(3)]);
    story.net.end();
    story.finish();
}

fn one_reply_a_receive() {
    let mut story = Story::new(&[Manner { at_once: 1, ..HELD }]);
    for number in 1..=3 {
        story.caller(&[Ask::one(number)]);
    }
    story.net.answer();
    story.finish();
}

fn one_times_out() {
    let mut story = Story::new(&[HELD]);
    story.caller(&[Ask::one(1), Ask::one(2)]);
    story.caller(&[Ask::one(3)]);
    story.end(0, 0, End::Timeout);
    story.net.answer();
    story.finish();
}

fn one_of_three_times_out() {
    let mut story = Story::new(&[HELD]);
    for number in 1..=3 {
        story.caller(&[Ask::one(number)]);
    }
    story.end(0, 0, End::Timeout);
    story.net.answer();
    story.finish();
}

fn cancelled() {
    let mut story = Story::new(&[HELD]);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::one(2)]);
    story.tick(0, 0);
    story.end(0, 0, End::Cancelled);
    story.tick(1, 0);
    story.net.answer();
    story.finish();
}

/// Nothing is ever answered on the first connection.
fn all_time_out() {
    let mut story = Story::new(&[HELD]);
    story.caller(&[Ask::one(1), Ask::one(2)]);
    story.caller(&[Ask::one(3), Ask::one(4)]);
    story.end(0, 0, End::Timeout);
    story.end(1, 0, End::Timeout);
    // A second call may have been sent on it, too.
    story.net.answer();
    story.finish();
}

fn break_in_receive() {
    let mut story = Story::new(&[HELD]);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::one(2)]);
    story.net.end();
    // It may have come too early to break anything.
    story.net.answer();
    story.finish();
}

fn break_and_timeout() {
    let mut story = Story::new(&[HELD]);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::one(2)]);
    story.end(0, 0, End::Timeout);
    story.net.end();
    story.net.answer();
    story.finish();
}

fn break_in_send() {
    let mut story = Story::new(&[Manner { takes: 3, ..GOOD }]);
    for number in 1..=3 {
        story.caller(&[Ask::one(number)]);
    }
    story.finish();
}

fn break_in_pipeline() {
    let mut story = Story::new(&[Manner { takes: 4, ..GOOD }]);
    story.caller(&[Ask::many(&[1, 2])]);
    story.caller(&[Ask::many(&[3, 4])]);
    story.finish();
}

/// The node answers a large command at its first byte, and reads no more of it.
fn hasty() {
    let mut story = Story::new(&[Manner { takes: 1, is_hasty: true, ..GOOD }]);
    story.caller(&[Ask::large(1, 1)]);
    story.caller(&[Ask::large(2, 0)]);
    story.finish();
}

fn renewal() {
    let mut story = Story::new(&[]);
    story.caller(&[Ask::one(1), Ask::one(2)]);
    story.caller(&[Ask { epoch: 1, ..Ask::one(3) }]);
    story.finish();
}

fn renewal_and_timeout() {
    let mut story = Story::new(&[HELD]);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::one(2)]);
    story.caller(&[Ask { epoch: 1, ..Ask::one(3) }]);
    story.end(1, 0, End::Timeout);
    story.net.answer();
    story.finish();
}

fn large() {
    let mut story = Story::new(&[]);
    story.caller(&[Ask::large(1, 0)]);
    story.caller(&[Ask::large(2, 1)]);
    story.caller(&[Ask::one(3)]);
    story.finish();
}

fn large_and_window() {
    let mut story = Story::new(&[Manner { window: 1, ..GOOD }]);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::large(2, 1)]);
    story.caller(&[Ask::one(3)]);
    story.finish();
}

fn large_and_break() {
    let mut story = Story::new(&[Manner { takes: 3, ..GOOD }]);
    story.caller(&[Ask::large(1, 1)]);
    story.caller(&[Ask::large(2, 1)]);
    story.finish();
}

/// The node stops in the midst of the large one; it may have come to the first byte, or to none.
fn large_and_timeout() {
    let mut story = Story::new(&[Manner { reads: 3, ..HELD }]);
    story.caller(&[Ask::large(1, 1), Ask::one(2)]);
    story.caller(&[Ask::one(3)]);
    story.end(0, 0, End::Timeout);
    story.net.answer();
    story.finish();
}

/// Who leads may leave while the other is still sending, and has to receive in order to go on.
fn pipeline_and_window() {
    let mut story = Story::new(&[Manner { window: 1, ..GOOD }]);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask { copied: 0, ..Ask::many(&[2, 3, 4]) }]);
    story.finish();
}

fn full() {
    let mut story = Story::with_room(&[], 1);
    for number in 1..=3 {
        story.caller(&[Ask::one(number)]);
    }
    story.finish();
}

fn full_and_timeout() {
    let mut story = Story::with_room(&[HELD], 1);
    story.caller(&[Ask::one(1)]);
    story.caller(&[Ask::one(2)]);
    story.end(0, 0, End::Timeout);
    story.net.answer();
    story.finish();
}

fn asking() {
    let mut story = Story::new(&[HELD]);
    story.caller(&[Ask { is_asking: true, ..Ask::one(1) }]);
    story.caller(&[Ask { is_asking: true, ..Ask::one(2) }]);
    story.end(0, 0, End::Timeout);
    story.net.answer();
    story.finish();
}

fn pipelines() {
    let mut story = Story::new(&[Manner { at_once: 1, ..GOOD }]);
    story.caller(&[Ask::many(&[1, 2, 3])]);
    story.caller(&[Ask::one(4)]);
    story.caller(&[Ask::many(&[5, 6])]);
    story.finish();
}

/// One looks after something else in the midst of its wait.
fn put_off() {
    let mut story = Story::new(&[HELD]);
    let channel = story.channel.clone();
    let clock = Clock::new();
    let own = clock.clone();
    story.spawn(vec![clock], move || {
        let ask = Ask { is_later: true, ..Ask::many(&[1, 2]) };
        let ticket = channel.begin(&ask, &Clock::new());
        let wait = || match &ticket {
            Ok(ticket) => channel.wait(ticket, &ask, &own).unwrap_or_else(|| {
                own.put_on();
                channel.wait(ticket, &ask, &own).expect("it is put off once")
            }),
            Err(end) => Tried::NotSent(*end),
        };
        vec![Account::of(&ask, wait)]
    });
    story.caller(&[Ask::one(3)]);
    story.put_off(0, 0);
    story.net.answer();
    story.finish();
}

/// Each sends to both before it waits for either: nobody may be made to lead who waits elsewhere.
fn crosswise() {
    let mut story = Story::new(&[]);
    let other = Channel::new(&Net::new(&[], false, false), usize::MAX);
    for order in [[0, 1], [1, 0]] {
        let channels = [story.channel.clone(), other.clone()];
        let clocks = vec![Clock::new(), Clock::new()];
        let own = clocks.clone();
        story.spawn(clocks, move || {
            let asks = order.map(|at| {
                let number = 1 + 2 * order[0] as u8 + at as u8;
                Ask { is_later: true, ..Ask::one(number) }
            });
            let tickets = [0, 1].map(|at| channels[order[at]].begin(&asks[at], &own[at]));
            // Waited for in the other order than sent.
            [1, 0]
                .map(|at| {
                    Account::of(&asks[at], || match &tickets[at] {
                        Ok(ticket) => {
                            let channel = &channels[order[at]];
                            channel.wait(ticket, &asks[at], &own[at]).expect("it was not put off")
                        }
                        Err(end) => Tried::NotSent(*end),
                    })
                })
                .into()
        });
    }
    story.finish();
    assert!(other.turns.lock().line().is_none() && other.net.open() == 0);
}
