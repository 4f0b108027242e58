//! The decoder on any bytes, received in any pieces: never a panic, the same replies as when they
//! come at once, and memory in proportion to what was received.

use rediscluster::resp::{Decoder, Limits, Reply, ReplyRef};

/// The first byte says how many of the next ones are lengths of pieces, the rest is the stream.
pub fn run(data: &[u8]) {
    let Some((&pieces, rest)) = data.split_first() else { return };
    let pieces = usize::from(pieces % 16).min(rest.len());
    let (pieces, stream) = rest.split_at(pieces);
    let at_once = replies(stream, &[]);
    assert_eq!(replies(stream, pieces), at_once, "the pieces change the replies");
}

/// What is in the replies of a stream, flattened, and whether the stream was accepted.
fn replies(stream: &[u8], pieces: &[u8]) -> (Vec<u64>, bool) {
    let mut decoder = Decoder::new(Limits { max_reply_size: 1 << 20, max_reply_depth: 16 });
    let mut seen = Vec::new();
    let mut rest = stream;
    let mut lengths = pieces.iter().cycle();
    while !rest.is_empty() {
        let length = lengths.next().map_or(rest.len(), |&length| usize::from(length).max(1));
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        receive(&mut decoder, piece);
        loop {
            match decoder.next() {
                Ok(Some(reply)) => read(&reply, &mut seen),
                Ok(None) => break,
                Err(_) => return (seen, false),
            }
        }
        assert!(decoder.reserved() <= 64 * stream.len() + (4 << 20), "memory out of proportion");
    }
    (seen, true)
}

/// Receives as from a socket: only as much as there is space for at a time.
fn receive(decoder: &mut Decoder, mut piece: &[u8]) {
    while !piece.is_empty() {
        let count = decoder.fill(|space, _| {
            let count = space.len().min(piece.len());
            let filled = &mut space[..count];
            for (slot, byte) in filled.iter_mut().zip(piece) {
                slot.write(*byte);
            }
            // SAFETY: every byte of `filled` was written just now.
            #[allow(unsafe_code)]
            Ok::<_, ()>(unsafe { &mut *(std::ptr::from_mut(filled) as *mut [u8]) })
        });
        let count = count.unwrap_or_default();
        assert!(count > 0, "no space to receive into");
        piece = &piece[count..];
    }
}

/// Reads a whole reply, by handle and by cell.
fn read(reply: &Reply, seen: &mut Vec<u64>) {
    let root = reply.root();
    let (cells, size) = root.cells();
    assert!(size >= size_of_val(cells));
    let mut waiting: Vec<ReplyRef<'_>> = vec![root];
    while let Some(element) = waiting.pop() {
        seen.push(element.kind() as u64);
        seen.push(element.count() as u64);
        seen.extend(element.integer().map(|integer| integer as u64));
        seen.extend(element.double().map(f64::to_bits));
        seen.extend(element.boolean().map(u64::from));
        seen.extend(element.bytes().unwrap_or_default().iter().map(|&byte| u64::from(byte)));
        seen.extend(element.error_code().map(|code| code.len() as u64));
        waiting.extend(element.attributes());
        waiting.extend(element.children());
        assert_eq!(element.at(element.count()).map(|_| ()), None);
    }
}
