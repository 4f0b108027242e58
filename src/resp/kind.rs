//! The kinds of replies.

/// What a reply, or an element of one, is. The numbers are the C API's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Nothing: a nil of RESP2 (string or array) or RESP3.
    Nil = 0,
    /// A bulk string.
    String = 1,
    /// A simple string, such as "OK".
    Status = 2,
    /// An error of the server.
    Error = 3,
    /// A 64-bit integer.
    Integer = 4,
    /// A double.
    Double = 5,
    /// True or false.
    Boolean = 6,
    /// An integer of any size, as its digits.
    BigNumber = 7,
    /// A string with a format; the format itself is not kept.
    Verbatim = 8,
    /// A list of elements.
    Array = 9,
    /// Keys and values in turn: two elements a pair.
    Map = 10,
    /// A set.
    Set = 11,
    /// A message nobody asked for, such as an invalidation.
    Push = 12,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Nil,
        Self::String,
        Self::Status,
        Self::Error,
        Self::Integer,
        Self::Double,
        Self::Boolean,
        Self::BigNumber,
        Self::Verbatim,
        Self::Array,
        Self::Map,
        Self::Set,
        Self::Push,
    ];

    /// The kind of that number; Nil for one that is none.
    #[inline]
    pub(super) fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Nil)
    }

    /// True for the kinds whose cell points at bytes.
    #[inline]
    pub fn has_bytes(self) -> bool {
        matches!(self, Self::String | Self::Status | Self::Error | Self::BigNumber | Self::Verbatim)
    }

    /// True for the kinds that have elements.
    #[inline]
    pub fn has_elements(self) -> bool {
        matches!(self, Self::Array | Self::Map | Self::Set | Self::Push)
    }
}
