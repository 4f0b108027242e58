use super::*;
use crate::connection::ASKING;

fn awaited(owner: Owner) -> Awaited {
    let began = Instant::now();
    Awaited { owner, start: 0, began, deadline: None, slot: 7, to_reader: false, replays: false }
}

fn command(tag: u64) -> Awaited {
    awaited(Owner::Command { tag })
}

fn tags(queue: &Queue) -> Vec<Owner> {
    queue.iter().map(|awaited| awaited.owner).collect()
}

fn filled(texts: &[&str]) -> Queue {
    let mut queue = Queue::default();
    for (tag, text) in texts.iter().enumerate() {
        queue.push(text.as_bytes(), command(tag as u64));
    }
    queue
}

#[test]
fn what_has_left_is_owed_until_it_is_answered() {
    let mut queue = filled(&["one", "two", "three"]);
    assert_eq!(queue.unsent(), b"onetwothree");
    assert!(!queue.owes());
    queue.note_sent(4);
    assert_eq!(queue.unsent(), b"wothree");
    let mut told = 0;
    queue.tell(queue.left(0), |effect| {
        assert_eq!(effect, Effect::None);
        told += 1;
    });
    // Half of the second has left: that counts.
    assert_eq!(told, 2);
    assert!(queue.owes());
    queue.release(1);
    assert_eq!((queue.bytes_of(0), queue.bytes_of(1)), (&b"two"[..], &b"three"[..]));
    queue.note_sent(7);
    queue.tell(queue.left(0), |_| told += 1);
    assert_eq!((told, queue.unsent()), (3, &b""[..]));
    queue.release(2);
    assert!(queue.is_empty() && !queue.owes());
    queue.push(b"four", command(4));
    assert_eq!((queue.unsent(), queue.owes()), (&b"four"[..], false));
}

#[test]
fn answered_bytes_leave_the_queue() {
    let mut queue = Queue::default();
    let text = vec![b'x'; 1000];
    for tag in 0..10_000 {
        queue.push(&text, command(tag));
        queue.note_sent(1000);
        if tag >= 10 {
            queue.release(1);
        }
    }
    assert_eq!(queue.len(), 10);
    assert!(queue.bytes.len() < 64 * 1024, "{}", queue.bytes.len());
    assert_eq!(queue.bytes_of(9), text);
}

#[test]
fn what_has_not_left_is_taken_out_and_what_has_left_is_awaited_on() {
    let mut queue = filled(&["one", "two", "three", "four"]);
    queue.note_sent(4);
    let mut ended = Vec::new();
    let is_chosen = |awaited: &Awaited| awaited.owner != Owner::Command { tag: 2 };
    queue.end_some(queue.left(0), is_chosen, |awaited, sent| ended.push((awaited.owner, sent)));
    let of = |tag| Owner::Command { tag };
    assert_eq!(ended, [(of(0), true), (of(1), true), (of(3), false)]);
    assert_eq!(tags(&queue), [Owner::Nobody, Owner::Nobody, of(2)]);
    // The half of the second that is missing still has to leave.
    assert_eq!(queue.unsent(), b"wothree");
    assert_eq!(queue.bytes_of(2), b"three");
}

#[test]
fn asking_goes_with_its_command() {
    let mut queue = filled(&["one"]);
    queue.note_sent(3);
    for tag in 1..3 {
        queue.push(ASKING, awaited(Owner::Asking));
        queue.push(b"moved", command(tag));
    }
    let is_chosen = |awaited: &Awaited| awaited.owner == Owner::Command { tag: 1 };
    queue.end_some(queue.left(0), is_chosen, |_, sent| assert!(!sent));
    assert_eq!(queue.len(), 3);
    let mut effects = Vec::new();
    queue.note_sent(queue.unsent().len());
    queue.tell(queue.left(0), |effect| effects.push(effect));
    assert_eq!(effects, [Effect::None, Effect::Asking, Effect::None]);
    let mut lost = Vec::new();
    queue.take_all(queue.left(0), |it| lost.push((it.awaited.owner, it.sent)));
    assert_eq!(lost, [(Owner::Command { tag: 0 }, true), (Owner::Command { tag: 2 }, true)]);
    assert!(queue.is_empty() && queue.unsent().is_empty());
}

#[test]
fn what_may_have_left_by_itself_counts_as_sent() {
    let mut queue = filled(&["one", "two", "three"]);
    queue.note_sent(3);
    let mut sent = Vec::new();
    queue.take_all(queue.left(4), |lost| sent.push((lost.bytes.to_vec(), lost.sent)));
    assert_eq!(sent, [(b"one".to_vec(), true), (b"two".to_vec(), true), (b"three".to_vec(), true)]);
}

#[test]
fn the_unsent_move_to_another_queue_in_their_order() {
    let mut queue = filled(&["one", "two", "three"]);
    queue.note_sent(2);
    let mut other = Queue::default();
    queue.take_from(queue.first_unsent(queue.left(0)), |lost| other.push(lost.bytes, lost.awaited));
    assert_eq!((queue.len(), queue.unsent()), (1, &b"e"[..]));
    assert_eq!(other.unsent(), b"twothree");
    assert_eq!(tags(&other), [Owner::Command { tag: 1 }, Owner::Command { tag: 2 }]);
}
