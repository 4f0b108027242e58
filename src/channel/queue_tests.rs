//! Who gets which reply, what is taken back, who leads.

use super::*;

type Numbers = Queue<u32, &'static str>;

fn one(queue: &mut Numbers, bytes: &[u8]) -> Seat {
    let seat = queue.sit_down(1, Mail::One(None));
    queue.push(seat, false, bytes.len());
    queue.gather(bytes);
    seat
}

fn reply_of(outcome: Option<Outcome<u32, &'static str>>) -> Option<u32> {
    match outcome?.mail {
        Mail::One(one) => one,
        Mail::Many(_) => None,
    }
}

#[test]
fn replies_go_to_who_asked_in_order() {
    let mut queue = Numbers::default();
    let (a, b) = (one(&mut queue, b"a"), one(&mut queue, b"b"));
    assert_eq!(queue.deliver(1, false), Delivered::Completed(a));
    assert!(queue.is_over(a) && !queue.is_over(b));
    assert_eq!(queue.deliver(2, true), Delivered::Completed(b));
    assert_eq!(queue.deliver(3, false), Delivered::Stray);
    let (a, b) = (queue.leave(a, Some("late")), queue.leave(b, Some("late")));
    assert!(!a.as_ref().unwrap().is_demoted && b.as_ref().unwrap().is_demoted);
    assert_eq!((reply_of(a), reply_of(b)), (Some(1), Some(2)));
}

#[test]
fn who_is_alone_needs_no_place() {
    let mut queue = Numbers::default();
    queue.push(ALONE, false, 3);
    assert!(!queue.is_over(ALONE));
    let behind = one(&mut queue, b"x");
    assert_eq!(queue.deliver(1, true), Delivered::Completed(ALONE));
    assert!(queue.is_over(ALONE));
    assert_eq!(queue.take_alone(), Some((1, true)));
    assert_eq!(queue.deliver(2, false), Delivered::Completed(behind));

    queue.push(ALONE, false, 3);
    queue.fail(u64::MAX, &"gone");
    assert!(queue.is_over(ALONE) && queue.take_alone().is_none());
    assert_eq!(queue.leave(ALONE, None).unwrap().lost.unwrap().sent, 1);

    queue.push(ALONE, false, 3);
    assert_eq!(queue.leave(ALONE, Some("late")).unwrap().lost.unwrap().error, "late");
    assert_eq!(queue.deliver(3, false), Delivered::Kept);
    assert!(queue.take_alone().is_none());
}

#[test]
fn a_late_reply_is_dropped_and_the_next_is_right() {
    let mut queue = Numbers::default();
    let (a, b) = (one(&mut queue, b"aa"), one(&mut queue, b"b"));
    queue.take_gathered();
    let left = queue.leave(a, Some("late")).unwrap();
    assert_eq!(left.lost.as_ref().map(|lost| (lost.error, lost.sent)), Some(("late", 1)));
    assert!(!queue.is_deserted());
    // The seat is somebody else's before the late reply comes.
    let c = one(&mut queue, b"c");
    assert_eq!(a, c);
    assert_eq!(queue.deliver(1, false), Delivered::Kept);
    assert_eq!(queue.deliver(2, false), Delivered::Completed(b));
    assert_eq!(queue.deliver(3, false), Delivered::Completed(c));
    assert_eq!(reply_of(queue.leave(c, Some("late"))), Some(3));
}

#[test]
fn what_was_not_sent_is_taken_back() {
    let mut queue = Numbers::default();
    let a = one(&mut queue, b"sent");
    assert_eq!(queue.take_gathered(), b"sent");
    let (b, c) = (one(&mut queue, b"bbb"), one(&mut queue, b"cc"));
    let lost = queue.leave(b, Some("late")).unwrap().lost.unwrap();
    assert_eq!(lost.sent, 0);
    assert_eq!((queue.len(), queue.offered()), (2, 4));
    assert_eq!(queue.take_gathered(), b"cc");
    queue.fail(5, &"gone");
    let sent = |outcome: Option<Outcome<u32, &str>>| outcome.unwrap().lost.unwrap().sent;
    assert_eq!((sent(queue.leave(a, Some(""))), sent(queue.leave(c, Some("")))), (1, 1));
}

#[test]
fn of_many_those_before_the_end_count_as_sent() {
    let mut queue = Numbers::default();
    let seat = queue.sit_down(3, Mail::Many(Vec::new()));
    for _ in 0..3 {
        queue.push(seat, false, 10);
    }
    assert_eq!(queue.deliver(1, false), Delivered::Kept);
    queue.fail(11, &"gone");
    let outcome = queue.leave(seat, Some("late")).unwrap();
    assert!(matches!(outcome.mail, Mail::Many(replies) if replies == [1]));
    let lost = outcome.lost.unwrap();
    assert_eq!((lost.error, lost.sent), ("gone", 1));
    assert!(queue.is_empty() && queue.lead().is_none());
}

#[test]
fn asking_is_answered_for_itself_and_taken_back_with_its_command() {
    let mut queue = Numbers::default();
    let seat = queue.sit_down(1, Mail::One(None));
    queue.push(seat, true, 6);
    queue.push(seat, false, 3);
    queue.gather(b"ASKINGget");
    assert_eq!(queue.deliver(0, false), Delivered::Kept);
    assert_eq!(queue.deliver(7, false), Delivered::Completed(seat));
    assert_eq!(reply_of(queue.leave(seat, Some(""))), Some(7));
    queue.take_gathered();

    let seat = queue.sit_down(1, Mail::One(None));
    queue.push(seat, true, 6);
    queue.push(seat, false, 3);
    queue.gather(b"ASKINGget");
    let behind = one(&mut queue, b"x");
    assert_eq!(queue.leave(seat, Some("late")).unwrap().lost.unwrap().sent, 0);
    assert_eq!(queue.take_gathered(), b"x");
    assert_eq!(queue.deliver(8, false), Delivered::Completed(behind));
}

#[test]
fn the_lead_goes_to_whose_reply_comes_next() {
    let mut queue = Numbers::default();
    let (a, b, c) = (one(&mut queue, b"a"), one(&mut queue, b"b"), one(&mut queue, b"c"));
    queue.take_gathered();
    queue.take_lead(a);
    queue.deliver(1, false);
    queue.leave(b, Some("late"));
    assert!(!queue.is_deserted());
    assert_eq!(queue.pass_lead(a), Some(c));
    queue.deliver(2, false);
    queue.deliver(3, false);
    assert_eq!(queue.pass_lead(c), None);
    assert!(!queue.is_deserted());
    let d = one(&mut queue, b"d");
    queue.take_gathered();
    queue.leave(d, Some("late"));
    assert!(queue.is_deserted());
}
