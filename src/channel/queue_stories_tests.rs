//! Random stories of callers on one queue, against a plain account of what is on the wire.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    /// A caller comes with so many commands, and writes them or leaves them to others.
    Call { commands: usize, is_asking: bool, writes: bool },
    /// One that finds nobody leading, with one command.
    Alone { writes: bool },
    /// What was left is written.
    Write,
    /// The other end answers its next command.
    Answer,
    /// A caller leaves, over or not.
    Leave(usize),
    /// A caller does something else, or comes back.
    Turn(usize),
    /// Whoever leads passes the lead on.
    Pass,
    /// The connection ends; of what was written last, so many bytes have not left.
    Break(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1..5usize, any::<bool>(), any::<bool>()).prop_map(|(commands, is_asking, writes)| {
            Event::Call { commands, is_asking: is_asking && commands == 1, writes }
        }),
        3 => any::<bool>().prop_map(|writes| Event::Alone { writes }),
        2 => Just(Event::Write),
        8 => Just(Event::Answer),
        5 => any::<usize>().prop_map(Event::Leave),
        2 => any::<usize>().prop_map(Event::Turn),
        2 => Just(Event::Pass),
        1 => (0..9usize).prop_map(Event::Break),
    ]
}

/// Every command, also ASKING, is its number in so many bytes.
const LENGTH: usize = 4;

struct Caller {
    seat: Seat,
    /// Of its commands; ASKING is not among them.
    numbers: Vec<u32>,
    is_away: bool,
    /// How many may have left, if its connection has ended.
    lost: Option<usize>,
}

#[derive(Default)]
struct Story {
    queue: Queue<u32, &'static str>,
    callers: Vec<Caller>,
    /// Numbers as they were written, and how many of them are answered.
    wire: Vec<u32>,
    answered: usize,
    /// What was answered on connections that have ended.
    replied: HashSet<u32>,
    /// Those that ask for another.
    asking: HashSet<u32>,
    /// What must never be written any more.
    taken_back: HashSet<u32>,
    next: u32,
}

impl Story {
    fn numbers(&mut self, count: usize) -> Vec<u32> {
        self.next += count as u32;
        (self.next - count as u32..self.next).collect()
    }

    fn send(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(LENGTH) {
            let number = u32::from_le_bytes(bytes.try_into().unwrap());
            assert!(!self.taken_back.contains(&number), "{number} was taken back");
            self.wire.push(number);
        }
    }

    fn write(&mut self) {
        let gathered = self.queue.take_gathered();
        self.send(&gathered);
        self.queue.reuse(gathered);
    }

    fn begin(&mut self, seat: Seat, asking: Option<u32>, numbers: Vec<u32>, writes: bool) {
        let all: Vec<u32> = asking.into_iter().chain(numbers.iter().copied()).collect();
        for &number in &all {
            self.queue.push(seat, asking == Some(number), LENGTH);
        }
        self.asking.extend(asking);
        let bytes: Vec<u8> = all.iter().flat_map(|number| number.to_le_bytes()).collect();
        if writes {
            self.write();
            self.send(&bytes);
        } else {
            self.queue.gather(&bytes);
        }
        self.callers.push(Caller { seat, numbers, is_away: false, lost: None });
        if self.queue.lead().is_none() {
            self.queue.take_lead(seat);
        }
    }

    /// How many of the numbers are answered: they are the first ones.
    fn answered_of(&self, numbers: &[u32]) -> usize {
        let answered = &self.wire[..self.answered];
        let is_answered =
            |number: &&u32| answered.contains(number) || self.replied.contains(number);
        numbers.iter().filter(is_answered).count()
    }

    fn answer(&mut self) {
        let Some(&number) = self.wire.get(self.answered) else {
            if self.queue.is_empty() {
                assert_eq!(self.queue.deliver(0, false), Delivered::Stray);
            }
            return;
        };
        self.answered += 1;
        let delivered = self.queue.deliver(number, false);
        let of = self.callers.iter().find(|caller| caller.numbers.last() == Some(&number));
        match of {
            Some(caller) => assert_eq!(delivered, Delivered::Completed(caller.seat)),
            None => assert_eq!(delivered, Delivered::Kept),
        }
    }

    fn leave(&mut self, at: usize) {
        if self.callers.is_empty() {
            return;
        }
        let at = at % self.callers.len();
        let caller = self.callers.swap_remove(at);
        let answered = self.answered_of(&caller.numbers);
        let unanswered = &caller.numbers[answered..];
        let sent = unanswered.iter().filter(|number| self.wire.contains(number)).count();
        let is_over = unanswered.is_empty() || caller.lost.is_some();
        assert_eq!(self.queue.is_over(caller.seat), is_over);
        let outcome = self.queue.leave(caller.seat, Some("late")).unwrap();
        let replies = match outcome.mail {
            Mail::One(one) => Vec::from_iter(one),
            Mail::Many(many) => many,
        };
        assert_eq!(replies, caller.numbers[..answered]);
        let expected = match caller.lost {
            Some(sent) => Some(("gone", sent)),
            None if unanswered.is_empty() => None,
            None => Some(("late", sent)),
        };
        assert_eq!(outcome.lost.map(|lost| (lost.error, lost.sent)), expected);
        self.taken_back.extend(unanswered.iter().filter(|number| !self.wire.contains(number)));
        if self.queue.lead() == Some(caller.seat) {
            self.pass(caller.seat);
        }
    }

    /// The lead goes to the first whose reply is owed, of those that wait.
    fn pass(&mut self, from: Seat) {
        let next = self.queue.pass_lead(from);
        let first_owed = |caller: &&Caller| caller.numbers[self.answered_of(&caller.numbers)];
        let waiting = self.callers.iter().filter(|caller| {
            let is_done = self.answered_of(&caller.numbers) == caller.numbers.len();
            !is_done && !caller.is_away && caller.lost.is_none() && caller.seat != from
        });
        // Numbers grow in the order of the queue.
        assert_eq!(next, waiting.min_by_key(first_owed).map(|caller| caller.seat));
    }

    fn end(&mut self, unsent: usize) {
        let left = self.wire.len().saturating_mul(LENGTH).saturating_sub(unsent);
        let before = self.answered * LENGTH;
        let left = left.max(before);
        let offered = self.queue.offered() as usize;
        let shift = offered - self.wire.len() * LENGTH;
        self.queue.fail((left + shift) as u64, &"gone");
        for at in 0..self.callers.len() {
            let numbers = self.callers[at].numbers.clone();
            let answered = self.answered_of(&numbers);
            if answered == numbers.len() || self.callers[at].lost.is_some() {
                continue;
            }
            let is_sent = |number: &&u32| {
                let place = self.wire.iter().position(|written| written == *number);
                place.is_some_and(|place| place * LENGTH < left)
            };
            self.callers[at].lost = Some(numbers[answered..].iter().filter(is_sent).count());
            let unwritten = numbers.iter().filter(|number| !self.wire.contains(number));
            self.taken_back.extend(unwritten);
        }
        let answered = self.wire.drain(..).take(self.answered);
        self.replied.extend(answered);
        self.answered = 0;
        assert!(self.queue.is_empty() && !self.queue.has_gathered());
        assert_eq!(self.queue.lead(), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_story_ends_as_its_wire_says(events in prop::collection::vec(event(), 1..250)) {
        let mut story = Story::default();
        for event in events {
            match event {
                Event::Call { commands, is_asking, writes } => {
                    let asking = is_asking.then(|| story.numbers(1)[0]);
                    let numbers = story.numbers(commands);
                    let mail = if commands == 1 { Mail::One(None) } else { Mail::Many(Vec::new()) };
                    let seat = story.queue.sit_down(commands, mail);
                    story.begin(seat, asking, numbers, writes);
                }
                Event::Alone { writes } => {
                    if story.queue.lead().is_none() && story.queue.has_place_alone() {
                        let numbers = story.numbers(1);
                        story.begin(ALONE, None, numbers, writes);
                    }
                }
                Event::Write => story.write(),
                Event::Answer => story.answer(),
                Event::Leave(at) => story.leave(at),
                Event::Turn(at) => {
                    let count = story.callers.len();
                    if let Some(caller) = story.callers.get_mut(at % count.max(1))
                        && caller.seat != ALONE
                    {
                        caller.is_away ^= true;
                        story.queue.set_away(caller.seat, caller.is_away);
                    }
                }
                Event::Pass => {
                    if let Some(lead) = story.queue.lead()
                        && lead != ALONE
                    {
                        story.pass(lead);
                    }
                }
                Event::Break(unsent) => story.end(unsent),
            }
        }
        // Whoever is left is answered.
        story.write();
        while story.answered < story.wire.len() {
            story.answer();
        }
        prop_assert!(story.queue.is_empty());
        while !story.callers.is_empty() {
            story.leave(0);
        }
        prop_assert!(!story.queue.is_deserted());
    }
}
