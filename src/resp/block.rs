//! The memory under replies: bytes received, and how they become a reply.
//!
//! A [`Block`] is raw memory that bytes are received into. It is the receive buffer, and it is also
//! where a large reply arrives: then it starts with a gap, into which header and cells are written
//! once the reply is complete, so that large strings stay where the socket put them. This file and
//! `reply` are the arena; the rest of the module is safe code.

#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::reply::{ANCHOR_STEP, Cell, Reply};
use super::slab::{self, Slab};

const ALIGN: usize = 8;

/// In front of cell 0.
#[repr(C)]
struct Header {
    /// From the start of the memory to this header.
    lead: usize,
    /// All memory of the block; 0: it is part of a slab.
    capacity: usize,
    /// Bytes from cell 0 to the end of the reply.
    content: usize,
    /// Cells of attribute trees, behind those of the reply.
    attribute_cells: u32,
    /// Entries of the attribute table, behind those.
    entries: u32,
}

const HEADER: usize = size_of::<Header>();
const CELL: usize = size_of::<Cell>();
const _: () = assert!(HEADER % ALIGN == 0 && CELL % ALIGN == 0);

/// Says which tree of attributes belongs to which cell, both as indices of cells.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct AttributeEntry {
    pub(super) owner: u32,
    pub(super) tree: u32,
}

/// The cells of a complete reply, not yet in place. The offset of a cell with bytes counts from the
/// start of the reply's bytes; that of others is 0.
pub(super) struct Parts<'a> {
    pub(super) cells: &'a [Cell],
    pub(super) attribute_cells: &'a [Cell],
    /// Sorted by owner; indices count the attribute cells after the cells.
    pub(super) entries: &'a [AttributeEntry],
}

impl Parts<'_> {
    fn size(&self) -> usize {
        (self.cells.len() + self.attribute_cells.len()) * CELL + size_of_val(self.entries)
    }

    /// Writes header, cells and table; the reply's bytes begin right behind them.
    ///
    /// # Safety
    /// `header` is aligned, `HEADER + self.size()` bytes behind it are ours to write.
    #[inline]
    unsafe fn write(&self, header: *mut u8, lead: usize, capacity: usize, bytes: usize) -> Reply {
        let size = self.size();
        // SAFETY: all of it lies in the range the caller promised; header, cells and entries are
        // multiples of their alignment long, so each part is aligned.
        unsafe {
            header.cast::<Header>().write(Header {
                lead,
                capacity,
                content: size + bytes,
                attribute_cells: self.attribute_cells.len() as u32,
                entries: self.entries.len() as u32,
            });
            let first = header.add(HEADER).cast::<Cell>();
            place(first, self.cells, size);
            if !self.entries.is_empty() {
                let trees = first.add(self.cells.len());
                place(trees, self.attribute_cells, size - self.cells.len() * CELL);
                let table = trees.add(self.attribute_cells.len()).cast::<AttributeEntry>();
                ptr::copy_nonoverlapping(self.entries.as_ptr(), table, self.entries.len());
                set_anchors(first, self.cells.len() + self.attribute_cells.len(), self.entries);
            }
            Reply::from_raw(NonNull::new_unchecked(first))
        }
    }
}

/// Copies cells to `to`, their offsets made relative to themselves; the bytes begin `ahead` bytes
/// behind `to`.
///
/// # Safety
/// There is room for them.
#[inline]
unsafe fn place(to: *mut Cell, cells: &[Cell], ahead: usize) {
    let mut ahead = ahead as i64;
    for (index, cell) in cells.iter().enumerate() {
        let mut placed = *cell;
        // No string begins at 0: its type stands in front of it.
        placed.offset += if cell.offset != 0 { ahead } else { 0 };
        // SAFETY: `index` is below the number of cells there is room for.
        unsafe { to.add(index).write(placed) };
        ahead -= CELL as i64;
    }
}

/// Sets what leads from a cell with attributes back to cell 0, see `ReplyRef::attributes`.
///
/// # Safety
/// `first` begins `count` cells of ours, and the owners are among them.
#[cold]
unsafe fn set_anchors(first: *mut Cell, count: usize, entries: &[AttributeEntry]) {
    for entry in entries {
        // SAFETY: the owner is one of the cells.
        let owner = unsafe { &mut *first.add(entry.owner as usize) };
        owner.reserved = (entry.owner as usize % ANCHOR_STEP) as u16;
    }
    for step in 1..count.div_ceil(ANCHOR_STEP) {
        // SAFETY: step × ANCHOR_STEP is below `count`.
        let anchor = unsafe { &mut *first.add(step * ANCHOR_STEP) };
        anchor.flags |= Cell::ANCHOR;
        anchor.reserved = step as u16;
    }
}

/// A reply whose bytes are copied: one allocation of the exact size. `slab`: it may share memory with others.
#[inline]
pub(super) fn copied(parts: &Parts<'_>, bytes: &[u8], slab: Option<&mut Option<Slab>>) -> Reply {
    let before = HEADER + parts.size();
    let (memory, lead, capacity) = room(before + bytes.len(), slab);
    // SAFETY: the memory is fresh, aligned, and as long as header, cells, table and bytes together.
    unsafe {
        copy(bytes, memory.add(before));
        parts.write(memory, lead, capacity, bytes.len())
    }
}

/// Fresh memory for a reply, how far it lies behind the beginning of what it is part of, and its capacity for the
/// header: 0 in a slab.
#[inline(always)]
fn room(size: usize, slab: Option<&mut Option<Slab>>) -> (*mut u8, usize, usize) {
    match slab.and_then(|slab| Slab::room(slab, size)) {
        Some((memory, lead)) => (memory.as_ptr(), lead, 0),
        None => (allocate(size).as_ptr(), 0, size),
    }
}

/// Copies `bytes` in pieces short enough for the vector loop of memcpy: for longer ones glibc takes
/// `rep movsb`, which starts slowly and crawls at some alignments on some processors.
///
/// # Safety
/// `to` has room for them.
#[inline]
unsafe fn copy(bytes: &[u8], mut to: *mut u8) {
    for piece in bytes.chunks(1024) {
        // SAFETY: the pieces together are as long as `bytes`.
        unsafe {
            ptr::copy_nonoverlapping(piece.as_ptr(), to, piece.len());
            to = to.add(piece.len());
        }
    }
}

/// A reply that is one element with no attributes, the most frequent one. `slab`: it may share memory with
/// others.
#[inline(always)]
pub(super) fn scalar(cell: Cell, bytes: &[u8], slab: Option<&mut Option<Slab>>) -> Reply {
    let before = HEADER + CELL;
    // The byte behind is the NUL.
    let (content, offset) =
        if cell.offset != 0 { (CELL + bytes.len() + 1, CELL as i64) } else { (CELL, 0) };
    let (memory, lead, capacity) = room(HEADER + content, slab);
    // SAFETY: the memory is fresh, aligned, and long enough for header, cell, bytes and NUL.
    unsafe {
        let header = Header { lead, capacity, content, attribute_cells: 0, entries: 0 };
        memory.cast::<Header>().write(header);
        let first = memory.add(HEADER).cast::<Cell>();
        first.write(Cell { offset, ..cell });
        if offset != 0 {
            ptr::copy_nonoverlapping(bytes.as_ptr(), memory.add(before), bytes.len());
            memory.add(before + bytes.len()).write(0);
        }
        Reply::from_raw(NonNull::new_unchecked(first))
    }
}

/// Frees a reply's block.
///
/// # Safety
/// `root` is cell 0 of a block made here, not freed yet and not used again.
#[inline]
pub(super) unsafe fn free(root: NonNull<Cell>) {
    // SAFETY: the header stands in front of cell 0 and says where the memory begins and how long it
    // is, which is what it was allocated with.
    unsafe {
        let header = root.cast::<u8>().sub(HEADER);
        let Header { lead, capacity, .. } = *header.cast::<Header>().as_ref();
        if capacity == 0 {
            return slab::leave(header.sub(lead));
        }
        dealloc(header.sub(lead).as_ptr(), Layout::from_size_align_unchecked(capacity, ALIGN));
    }
}

/// True if it shares memory with others.
///
/// # Safety
/// `root` is cell 0 of a live reply.
pub(super) unsafe fn is_shared(root: NonNull<Cell>) -> bool {
    // SAFETY: the header stands in front of cell 0.
    unsafe { root.cast::<Header>().sub(1).as_ref().capacity == 0 }
}

/// Bytes from cell 0 to the end of the reply.
///
/// # Safety
/// `root` is cell 0 of a live reply.
pub(super) unsafe fn content_size(root: NonNull<Cell>) -> usize {
    // SAFETY: the header stands in front of cell 0.
    unsafe { root.cast::<Header>().sub(1).as_ref().content }
}

/// The attribute table of a reply.
///
/// # Safety
/// `root` is cell 0 of a reply that lives for `'a`.
pub(super) unsafe fn attribute_table<'a>(root: NonNull<Cell>) -> &'a [AttributeEntry] {
    // SAFETY: header, cells, attribute cells and table stand one behind the other in the block.
    unsafe {
        let header = root.cast::<Header>().sub(1).as_ref();
        let cells = root.as_ref().span as usize + header.attribute_cells as usize;
        let table = root.add(cells).cast::<AttributeEntry>();
        std::slice::from_raw_parts(table.as_ptr(), header.entries as usize)
    }
}

fn allocate(size: usize) -> NonNull<u8> {
    let layout = layout(size);
    // SAFETY: the size is not zero: every block has a header or a capacity above 0.
    let memory = unsafe { alloc(layout) };
    NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
}

fn layout(size: usize) -> Layout {
    // Sizes come from bytes that arrived, plus at most some MiB: far below what a layout refuses.
    Layout::from_size_align(size, ALIGN)
        .unwrap_or_else(|_| handle_alloc_error(Layout::new::<Header>()))
}

/// Memory that bytes are received into, never zeroed.
pub(super) struct Block {
    memory: NonNull<u8>,
    capacity: usize,
    /// The bytes not yet consumed are `start..end`; before `start` is a gap.
    start: usize,
    end: usize,
}

// SAFETY: the memory belongs to the block alone.
unsafe impl Send for Block {}
// SAFETY: a shared block is only read.
unsafe impl Sync for Block {}

impl Block {
    /// A block without memory.
    pub(super) const fn new() -> Self {
        Self { memory: NonNull::dangling(), capacity: 0, start: 0, end: 0 }
    }

    /// A block for a large reply of so many cells, with room for `room` bytes.
    pub(super) fn with_gap(cells: usize, room: usize) -> Self {
        let gap = HEADER + cells * CELL;
        let capacity = gap + room;
        Self { memory: allocate(capacity), capacity, start: gap, end: gap }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Room behind the bytes.
    pub(super) fn room(&self) -> usize {
        self.capacity - self.end
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `start..end` lies in the memory and was filled; the memory lives as long as self.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(self.start), self.len()) }
    }

    #[inline]
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and self is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr().add(self.start), self.len()) }
    }

    /// Drops the first `count` bytes (all, if there are fewer).
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count.min(self.len());
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Moves the bytes to the start of the memory.
    pub(super) fn compact(&mut self) {
        let length = self.len();
        // SAFETY: both ranges lie in the memory; they may overlap, which `copy` allows.
        unsafe {
            let memory = self.memory.as_ptr();
            ptr::copy(memory.add(self.start), memory, length);
        }
        self.start = 0;
        self.end = length;
    }

    /// Drops the bytes behind the first `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.end = self.start + length.min(self.len());
    }

    /// Makes room for `room` more bytes.
    pub(super) fn grow(&mut self, room: usize) {
        if self.room() < room {
            self.resize(self.end.saturating_add(room));
        }
    }

    /// Changes the size of the memory; never below the bytes it holds.
    fn resize(&mut self, capacity: usize) {
        let capacity = capacity.max(self.end);
        if capacity == self.capacity || capacity == 0 {
            return;
        }
        self.memory = if self.capacity == 0 {
            allocate(capacity)
        } else {
            // SAFETY: the memory was allocated with this layout, and the new size is not zero.
            let memory = unsafe { realloc(self.memory.as_ptr(), layout(self.capacity), capacity) };
            NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout(capacity)))
        };
        self.capacity = capacity;
    }

    /// Appends bytes, with room made for them.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.room() < bytes.len() {
            self.grow(bytes.len().max(self.capacity / 2));
        }
        // SAFETY: there is room for them behind `end`, and `bytes` is borrowed from elsewhere.
        unsafe {
            let end = self.memory.as_ptr().add(self.end);
            ptr::copy_nonoverlapping(bytes.as_ptr(), end, bytes.len());
        }
        self.end += bytes.len();
    }

    /// Hands `receive` at most `limit` bytes of the room; keeps what it filled.
    pub(super) fn receive<E>(
        &mut self,
        limit: usize,
        receive: impl for<'a> FnOnce(&'a mut [MaybeUninit<u8>]) -> Result<&'a mut [u8], E>,
    ) -> Result<usize, E> {
        let length = self.room().min(limit);
        // SAFETY: the room lies in the memory; as MaybeUninit it need not be initialised.
        let (start, space) = unsafe {
            let start = self.memory.as_ptr().add(self.end);
            (start, std::slice::from_raw_parts_mut(start.cast::<MaybeUninit<u8>>(), length))
        };
        let filled = receive(space)?;
        // Bytes that lie elsewhere were not received here: counting them would show memory that
        // nobody filled.
        let here = filled.as_ptr() == start && filled.len() <= length;
        let count = if here { filled.len() } else { 0 };
        self.end += count;
        Ok(count)
    }

    /// Makes the bytes a reply. They stay where they are if the gap has room for the
    /// cells, else they are copied.
    pub(super) fn seal(mut self, parts: &Parts<'_>) -> Reply {
        let before = HEADER + parts.size();
        if before > self.start {
            return copied(parts, self.bytes(), None);
        }
        let length = self.len();
        if self.room() > length / 8 + 4096 {
            self.resize(self.end);
        }
        let lead = self.start - before;
        let (memory, capacity) = (self.memory.as_ptr(), self.capacity);
        std::mem::forget(self);
        // SAFETY: the gap in front of the bytes has room for header, cells and table; gap and sizes
        // are multiples of the alignment, and the reply owns the memory from here on.
        unsafe { parts.write(memory.add(lead), lead, capacity, length) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: the memory was allocated with this layout and is not used again.
            unsafe { dealloc(self.memory.as_ptr(), layout(self.capacity)) }
        }
    }
}
