//! The cells of the reply in progress.
//!
//! Aggregates that wait for elements stand in a stack of their own: no recursion. Trees of attributes
//! are parsed among the other cells, in front of their owner, and are set aside once complete.

use super::block::{AttributeEntry, Parts};
use super::kind::Kind;
use super::reply::{Cell, CellValue};

/// An aggregate whose elements are not complete.
struct Frame {
    /// Its cell.
    start: usize,
    /// Elements its parent waits for after it.
    resume: u64,
    /// If it is a tree of attributes: how many owners there were before it.
    owners: Option<usize>,
}

/// Which cell a tree of attributes belongs to.
struct Attached {
    owner: usize,
    /// The owner was set aside itself, as part of another tree: `owner` counts there.
    aside: bool,
    tree: usize,
}

/// The reply in progress, as cells whose offsets count from the start of its bytes.
pub(super) struct Tree {
    pub(super) cells: Vec<Cell>,
    /// Elements the innermost aggregate waits for; at first 1, the root.
    pub(super) remaining: u64,
    stack: Vec<Frame>,
    /// Complete trees of attributes, one behind the other.
    aside: Vec<Cell>,
    attached: Vec<Attached>,
    /// The tree of attributes that the next element gets.
    pending: Option<usize>,
}

/// The reply would have more cells than a cell can count.
pub(super) struct TooMany;

impl Tree {
    pub(super) fn new() -> Self {
        Self {
            cells: Vec::new(),
            remaining: 1,
            stack: Vec::new(),
            aside: Vec::new(),
            attached: Vec::new(),
            pending: None,
        }
    }

    /// Aggregates that wait for elements.
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.stack.len()
    }

    /// True if attributes wait for the next element.
    #[inline]
    pub(super) fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Cells so far, and elements still declared.
    pub(super) fn extent(&self) -> (usize, u64) {
        let outer = self.stack.iter().map(|frame| frame.resume);
        let declared = outer.fold(self.remaining, u64::saturating_add);
        (self.cells.len() + self.aside.len(), declared)
    }

    /// Bytes of memory held.
    pub(super) fn reserved(&self) -> usize {
        (self.cells.capacity() + self.aside.capacity()) * size_of::<Cell>()
            + self.attached.capacity() * size_of::<Attached>()
    }

    /// Adds an element; an aggregate is opened with [`Tree::open`] instead.
    pub(super) fn push(&mut self, kind: Kind, value: CellValue, offset: usize) {
        let mut cell = scalar(kind, value, offset, self.remaining);
        self.remaining = self.remaining.saturating_sub(1);
        if let Some(tree) = self.pending.take() {
            cell.flags |= Cell::ATTRIBUTES;
            self.attached.push(Attached { owner: self.cells.len(), aside: false, tree });
        }
        self.cells.push(cell);
    }

    /// Adds an aggregate, whose elements come next.
    pub(super) fn open(&mut self, kind: Kind, count: u64) -> Result<(), TooMany> {
        self.has_room(count)?;
        let start = self.cells.len();
        self.push(kind, CellValue { count }, 0);
        self.stack.push(Frame { start, resume: self.remaining, owners: None });
        self.remaining = count;
        Ok(())
    }

    /// Adds a tree of attributes, which counts as no element of the aggregate it stands in.
    pub(super) fn open_attributes(&mut self, count: u64) -> Result<(), TooMany> {
        self.has_room(count)?;
        // Attributes in front of attributes belong to the same element: the last ones count.
        self.pending = None;
        let start = self.cells.len();
        self.cells.push(scalar(Kind::Map, CellValue { count }, 0, 1));
        let owners = Some(self.attached.len());
        self.stack.push(Frame { start, resume: self.remaining, owners });
        self.remaining = count;
        Ok(())
    }

    fn has_room(&self, count: u64) -> Result<(), TooMany> {
        let cells = (self.cells.len() + self.aside.len()) as u64;
        if cells.saturating_add(count) < u64::from(u32::MAX) { Ok(()) } else { Err(TooMany) }
    }

    /// Closes each aggregate that has all its elements. True: the reply is complete.
    pub(super) fn close(&mut self) -> Result<bool, TooMany> {
        while self.remaining == 0 {
            let Some(frame) = self.stack.pop() else { return Ok(true) };
            self.has_room(0)?;
            let span = (self.cells.len() - frame.start) as u32;
            if let Some(cell) = self.cells.get_mut(frame.start) {
                cell.span = span;
            }
            if let Some(owners) = frame.owners {
                self.set_aside(frame.start, owners);
            }
            self.remaining = frame.resume;
        }
        Ok(false)
    }

    /// Moves a complete tree of attributes out of the cells it was parsed among.
    #[cold]
    fn set_aside(&mut self, start: usize, owners: usize) {
        let tree = self.aside.len();
        for attached in self.attached.iter_mut().skip(owners).filter(|owner| !owner.aside) {
            attached.owner = attached.owner - start + tree;
            attached.aside = true;
        }
        self.aside.extend(self.cells.drain(start..));
        self.pending = Some(tree);
    }

    /// Marks the root of a complete reply, and gives it alone if it is all there is.
    #[inline]
    pub(super) fn finish(&mut self) -> Option<Cell> {
        let alone = self.cells.len() == 1 && self.attached.is_empty();
        let root = self.cells.first_mut()?;
        root.flags |= Cell::ROOT | Cell::LAST;
        alone.then_some(*root)
    }

    /// Hands over the parts of a complete reply.
    pub(super) fn with_parts<T>(&self, make: impl FnOnce(&Parts<'_>) -> T) -> T {
        let entries = if self.attached.is_empty() { Vec::new() } else { self.table() };
        // Without owners the attributes were all replaced by others.
        let aside = if entries.is_empty() { &[] } else { &self.aside[..] };
        make(&Parts { cells: &self.cells, attribute_cells: aside, entries: &entries })
    }

    #[cold]
    fn table(&self) -> Vec<AttributeEntry> {
        let behind = self.cells.len();
        let mut table: Vec<_> = self
            .attached
            .iter()
            .map(|attached| AttributeEntry {
                owner: (attached.owner + if attached.aside { behind } else { 0 }) as u32,
                tree: (attached.tree + behind) as u32,
            })
            .collect();
        table.sort_unstable_by_key(|entry| entry.owner);
        table
    }

    /// Ready for the next reply.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.remaining = 1;
        self.cells.clear();
        if !self.aside.is_empty() {
            self.aside.clear();
            self.attached.clear();
            self.pending = None;
        }
    }

    /// Gives memory beyond `ordinary` cells back.
    pub(super) fn shrink(&mut self, ordinary: usize) {
        self.cells.shrink_to(ordinary);
        self.aside.shrink_to(0);
        self.attached.shrink_to(0);
    }
}

/// An element without elements; `remaining` is how many its aggregate still waits for, this one
/// included.
#[inline(always)]
pub(super) fn scalar(kind: Kind, value: CellValue, offset: usize, remaining: u64) -> Cell {
    // Behind the last one comes no sibling.
    let flags = if remaining == 1 { Cell::LAST } else { 0 };
    Cell { kind: kind as u8, flags, reserved: 0, span: 1, value, offset: offset as i64 }
}
