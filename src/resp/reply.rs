//! A reply: one block, read in place.
//!
//! ```text
//! [header][cell 0 … cell n-1][attribute cells][attribute table][bytes, each string with a NUL]
//! ```
//!
//! The cells stand in pre-order, and the handle is the address of cell 0. A part of a reply is its
//! cell; offsets are relative to the cell, so a part needs no root to be read. RESP3 attributes are
//! trees of their own behind the cells; a table sorted by owner finds them. `block` makes and frees
//! the memory; this file reads it.

#![allow(unsafe_code)]

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::block;
pub use super::kind::Kind;

/// What a cell holds, by its kind.
#[derive(Clone, Copy)]
#[repr(C)]
pub union CellValue {
    /// Integer; Boolean as 0 or 1.
    pub integer: i64,
    /// Double.
    pub number: f64,
    /// Length of the bytes, without the NUL behind them.
    pub length: u64,
    /// Number of elements.
    pub count: u64,
}

/// One element: 24 bytes, frozen; mirrored by `rediscluster_cell` in the C header.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Cell {
    /// A [`Kind`].
    pub kind: u8,
    /// The flags below.
    pub flags: u8,
    /// The library's own.
    pub reserved: u16,
    /// Cells of this subtree, itself included.
    pub span: u32,
    /// What the kind says.
    pub value: CellValue,
    /// From the start of this cell to its bytes in the same block; 0 without bytes.
    pub offset: i64,
}

impl Cell {
    /// The root of a reply: only this one may be freed.
    pub const ROOT: u8 = 1;
    /// The last of its siblings.
    pub const LAST: u8 = 2;
    /// Has attributes.
    pub const ATTRIBUTES: u8 = 4;
    /// `reserved` counts the steps of [`ANCHOR_STEP`] cells from cell 0 on (see `attributes`).
    pub(super) const ANCHOR: u8 = 8;

    /// Length of the bytes of a cell that has some.
    #[inline]
    pub(super) fn length(&self) -> usize {
        // SAFETY: every field of the union is eight initialised bytes, valid as a u64.
        unsafe { self.value.length as usize }
    }
}

/// Cells from one anchor to the next.
pub(super) const ANCHOR_STEP: usize = 1 << 16;

const _: () = assert!(size_of::<Cell>() == 24 && align_of::<Cell>() == 8);

/// A whole reply: owns its block.
///
/// Read-only once made, so any number of threads may read it at the same time. Dropping it is one
/// free, however deep it is.
pub struct Reply(NonNull<Cell>);

// SAFETY: the block belongs to the reply alone, and nothing writes to it after it was made.
unsafe impl Send for Reply {}
// SAFETY: as above; every access through a shared reference is a read.
unsafe impl Sync for Reply {}

impl Reply {
    /// The reply's outermost element.
    #[inline]
    pub fn root(&self) -> ReplyRef<'_> {
        ReplyRef(self.0, PhantomData)
    }

    /// The same reply with memory of its own, if it shares some with others ([`Decoder::next_in`]): for one that
    /// is kept when they are gone.
    ///
    /// [`Decoder::next_in`]: super::Decoder::next_in
    pub fn into_own(self) -> Self {
        // SAFETY: cell 0 of a live reply.
        if !unsafe { block::is_shared(self.0) } {
            return self;
        }
        let mut builder = super::Builder::new();
        builder.copy(self.root());
        let copied = builder.finish();
        // A whole reply can always be copied.
        copied.unwrap_or(self)
    }

    /// Gives the block away as the pointer to its first cell.
    pub fn into_raw(self) -> NonNull<Cell> {
        let cell = self.0;
        std::mem::forget(self);
        cell
    }

    /// Takes back what [`Reply::into_raw`] gave.
    ///
    /// # Safety
    /// `cell` came from [`Reply::into_raw`] and is taken back once.
    pub unsafe fn from_raw(cell: NonNull<Cell>) -> Self {
        Self(cell)
    }
}

impl Drop for Reply {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self.0` is cell 0 of a block sealed in `block`, owned by this reply alone.
        unsafe { block::free(self.0) }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}

/// A reply or a part of one, borrowed.
#[derive(Clone, Copy)]
pub struct ReplyRef<'a>(NonNull<Cell>, PhantomData<&'a Cell>);

// SAFETY: a `ReplyRef` only reads, like the shared reference it stands for.
unsafe impl Send for ReplyRef<'_> {}
// SAFETY: as above.
unsafe impl Sync for ReplyRef<'_> {}

impl<'a> ReplyRef<'a> {
    /// A part of a reply by its cell.
    ///
    /// # Safety
    /// `cell` is the root or a part of a reply that lives for `'a`.
    #[inline]
    pub unsafe fn from_raw(cell: NonNull<Cell>) -> Self {
        Self(cell, PhantomData)
    }

    /// The address of the cell.
    #[inline]
    pub fn as_ptr(self) -> NonNull<Cell> {
        self.0
    }

    #[inline]
    fn cell(self) -> &'a Cell {
        // SAFETY: the cell is initialised, aligned and lives for 'a; nobody writes to it.
        unsafe { self.0.as_ref() }
    }

    /// The element `cells` further on; the caller knows that it is in the same block.
    ///
    /// # Safety
    /// The block has a cell there.
    #[inline]
    unsafe fn step(self, cells: usize) -> Self {
        // SAFETY: by the caller's promise the result stays inside the block.
        Self(unsafe { self.0.add(cells) }, PhantomData)
    }

    /// True for the outermost element, which stands for the whole reply.
    #[inline]
    pub fn is_root(self) -> bool {
        self.cell().flags & Cell::ROOT != 0
    }

    /// True if it is of that kind.
    #[inline]
    pub fn is(self, kind: Kind) -> bool {
        self.cell().kind == kind as u8
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> Kind {
        Kind::from_number(self.cell().kind)
    }

    /// The bytes of a String, Status, Error, BigNumber or Verbatim (without its format); None for
    /// other kinds. A NUL follows them in memory.
    #[inline]
    pub fn bytes(self) -> Option<&'a [u8]> {
        if !self.kind().has_bytes() {
            return None;
        }
        let cell = self.cell();
        // SAFETY: for these kinds `length` is what the union holds, and `offset` leads to that many
        // initialised bytes of the same block, which lives for 'a.
        unsafe {
            let start = self.0.as_ptr().cast::<u8>().offset(cell.offset as isize);
            Some(std::slice::from_raw_parts(start, cell.value.length as usize))
        }
    }

    /// The bytes as text, where they are UTF-8.
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The value of an Integer.
    #[inline]
    pub fn integer(self) -> Option<i64> {
        // SAFETY: every field of the union is eight initialised bytes, valid as an i64.
        (self.kind() == Kind::Integer).then(|| unsafe { self.cell().value.integer })
    }

    /// The value of a Double.
    #[inline]
    pub fn double(self) -> Option<f64> {
        // SAFETY: every field of the union is eight initialised bytes, valid as an f64.
        (self.kind() == Kind::Double).then(|| unsafe { self.cell().value.number })
    }

    /// The value of a Boolean.
    #[inline]
    pub fn boolean(self) -> Option<bool> {
        // SAFETY: as in `integer`.
        (self.kind() == Kind::Boolean).then(|| unsafe { self.cell().value.integer } != 0)
    }

    /// Elements of an Array, Set or Push; twice the pairs of a Map; 0 for the rest.
    #[inline]
    pub fn count(self) -> usize {
        if !self.kind().has_elements() {
            return 0;
        }
        // SAFETY: for these kinds `count` is what the union holds.
        unsafe { self.cell().value.count as usize }
    }

    /// Element `index`: one addition where all elements are scalars, else a walk from the first on
    /// (a loop is better off with [`ReplyRef::children`]).
    #[inline]
    pub fn at(self, index: usize) -> Option<ReplyRef<'a>> {
        let count = self.count();
        if index >= count {
            return None;
        }
        if self.cell().span as usize == count + 1 {
            // SAFETY: the subtree has count + 1 cells, so each element is one cell.
            return Some(unsafe { self.step(1 + index) });
        }
        self.children().nth(index)
    }

    /// The next sibling; None after the last and for the root.
    #[inline]
    pub fn next(self) -> Option<ReplyRef<'a>> {
        let cell = self.cell();
        if cell.flags & (Cell::LAST | Cell::ROOT) != 0 {
            return None;
        }
        // SAFETY: it is not the last, so a sibling stands right behind this subtree.
        Some(unsafe { self.step(cell.span as usize) })
    }

    /// The elements in order, each a step from the one before.
    #[inline]
    pub fn children(self) -> Children<'a> {
        let remaining = self.count();
        // SAFETY: an element with elements has the first of them right behind itself.
        let next = (remaining > 0).then(|| unsafe { self.step(1) });
        Children { next, remaining }
    }

    /// The RESP3 attributes sent in front of this element: a Map, whose parts have none themselves
    /// unless the server nested them.
    pub fn attributes(self) -> Option<ReplyRef<'a>> {
        let cell = self.cell();
        if cell.flags & Cell::ATTRIBUTES == 0 {
            return None;
        }
        // Two steps lead back to cell 0 from anywhere, though `reserved` has 16 bits: to the cell
        // whose index is a multiple of ANCHOR_STEP, and from there by so many steps.
        let to_anchor = if cell.flags & Cell::ANCHOR == 0 { usize::from(cell.reserved) } else { 0 };
        // SAFETY: `block` set `reserved` of each cell with attributes to the distance from the
        // anchor in front, and that of each anchor to its index in steps; cell 0 has 0.
        let root = unsafe {
            let anchor = self.0.sub(to_anchor);
            let flags = anchor.as_ref().flags;
            let steps = usize::from(anchor.as_ref().reserved);
            if flags & Cell::ANCHOR == 0 { anchor } else { anchor.sub(steps * ANCHOR_STEP) }
        };
        // SAFETY: `root` is cell 0 of this block, at or before this cell.
        let (table, index) =
            unsafe { (block::attribute_table(root), self.0.offset_from(root) as usize) };
        let found = table.binary_search_by_key(&index, |entry| entry.owner as usize).ok()?;
        // SAFETY: the table holds indices of cells of this block.
        Some(Self(unsafe { root.add(table.get(found)?.tree as usize) }, PhantomData))
    }

    /// This element and all below it, each before what is in it.
    pub(super) fn pre_order(self) -> impl ExactSizeIterator<Item = ReplyRef<'a>> {
        // SAFETY: a subtree is `span` consecutive cells of the block.
        (0..self.cell().span as usize).map(move |index| unsafe { self.step(index) })
    }

    /// This element and all below it in pre-order, and how many bytes from its cell on hold them and
    /// their bytes (attributes, where they are in between, included).
    pub fn cells(self) -> (&'a [Cell], usize) {
        let cell = self.cell();
        // SAFETY: a subtree is `span` consecutive cells of the block.
        let cells = unsafe { std::slice::from_raw_parts(self.0.as_ptr(), cell.span as usize) };
        if self.is_root() {
            // SAFETY: this is cell 0 of a sealed block.
            return (cells, unsafe { block::content_size(self.0) });
        }
        let end_of = |(index, part): (usize, &Cell)| {
            let behind = (index + 1) * size_of::<Cell>();
            if part.offset == 0 {
                return behind;
            }
            index * size_of::<Cell>() + part.offset as usize + part.length() + 1
        };
        (cells, cells.iter().enumerate().map(end_of).max().unwrap_or(0))
    }

    /// The code of an Error: its first word where that is in capitals, as the servers' codes are by
    /// convention ("WRONGTYPE"; RESP specification, "Simple errors").
    pub fn error_code(self) -> Option<&'a str> {
        if self.kind() != Kind::Error {
            return None;
        }
        let code = self.bytes()?.split(|&byte| byte == b' ').next()?;
        let capital =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        if code.is_empty() || !code.iter().all(capital) {
            return None;
        }
        std::str::from_utf8(code).ok()
    }
}

/// The kind and the size: what a reply holds is nobody's business but the caller's.
impl fmt::Debug for ReplyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self.bytes() {
            Some(bytes) => write!(f, "{kind:?}({} bytes)", bytes.len()),
            None if kind.has_elements() => write!(f, "{kind:?}({} elements)", self.count()),
            None => write!(f, "{kind:?}"),
        }
    }
}

/// The elements of a reply, see [`ReplyRef::children`].
#[derive(Clone, Debug)]
pub struct Children<'a> {
    next: Option<ReplyRef<'a>>,
    remaining: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = ReplyRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<ReplyRef<'a>> {
        let current = self.next?;
        self.remaining = self.remaining.saturating_sub(1);
        self.next = current.next();
        Some(current)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Children<'_> {}
impl FusedIterator for Children<'_> {}
