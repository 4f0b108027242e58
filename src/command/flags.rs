//! What a server says of a command in flags.

/// A set of flags of a command, under the names that the servers use.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Flags(u32);

/// A set of flags of a key specification.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct KeyFlags(u16);

macro_rules! flags {
    ($set:ident, $bits:ty, $($(#[$comment:meta])* $name:ident = $bit:literal $($said:literal)*;)*) => {
        impl $set {
            $($(#[$comment])* pub const $name: Self = Self(1 << $bit);)*

            /// No flag.
            pub const NONE: Self = Self(0);

            /// Every flag: its name here and the servers' names for it.
            pub const NAMES: &'static [(Self, &'static str, &'static [&'static str])] =
                &[$((Self::$name, stringify!($name), &[$($said),*])),*];

            /// These flags and others.
            #[must_use]
            pub const fn with(self, others: Self) -> Self {
                Self(self.0 | others.0)
            }

            /// True if it has all of these.
            #[inline]
            pub const fn has(self, others: Self) -> bool {
                self.0 & others.0 == others.0
            }

            /// The flag that a server calls by this name; none where the name is not known.
            pub fn named(name: &str) -> Self {
                let known = Self::NAMES.iter().find(|(_, _, said)| said.contains(&name));
                known.map_or(Self::NONE, |&(flag, _, _)| flag)
            }
        }
    };
}

flags! { Flags, u32,
    /// May change data.
    WRITE = 0 "write";
    /// Only reads data, so a replica may answer.
    READONLY = 1 "readonly";
    /// Refused when memory is short.
    DENYOOM = 2 "denyoom";
    /// For administrators.
    ADMIN = 3 "admin";
    /// Concerns publishing and subscribing.
    PUBSUB = 4 "pubsub";
    /// Not for scripts.
    NOSCRIPT = 5 "noscript";
    /// May wait for something to happen before it answers.
    BLOCKING = 6 "blocking";
    /// Answered while the server loads its data.
    LOADING = 7 "loading";
    /// Answered by a replica whose data is stale.
    STALE = 8 "stale";
    /// Not shown by MONITOR.
    SKIP_MONITOR = 9 "skip_monitor";
    /// Not noted among slow commands.
    SKIP_LOG = 10 "skip_slowlog" "skip_commandlog";
    /// Answered for a slot that is being imported, as if ASKING stood before it.
    ASKING = 11 "asking";
    /// Constant or logarithmic time.
    FAST = 12 "fast";
    /// Needs no login.
    NO_AUTH = 13 "no_auth";
    /// Sent on to replicas although it is no write.
    MAY_REPLICATE = 14 "may_replicate";
    /// May be called without its keys.
    NO_MANDATORY_KEYS = 15 "no_mandatory_keys";
    /// Answered while a script keeps the server busy.
    ALLOW_BUSY = 16 "allow_busy";
    /// Refused while a replica loads the primary's data beside its own.
    NO_ASYNC_LOADING = 17 "no_async_loading";
    /// Not within MULTI.
    NO_MULTI = 18 "no_multi";
    /// Its keys stand at no fixed places.
    MOVABLE_KEYS = 19 "movablekeys";
    /// A module's.
    MODULE = 20 "module";
    /// Has subcommands: the second word belongs to the name.
    CONTAINER = 21;
}

flags! { KeyFlags, u16,
    /// Reads the key.
    RO = 0 "RO";
    /// Reads and writes the key.
    RW = 1 "RW";
    /// Overwrites the key, whatever it held.
    OW = 2 "OW";
    /// Removes the key.
    RM = 3 "RM";
    /// Gives back, or copies, some of the value.
    ACCESS = 4 "access";
    /// Changes the value.
    UPDATE = 5 "update";
    /// Adds to the value.
    INSERT = 6 "insert";
    /// Takes away from the value, or all of it.
    DELETE = 7 "delete";
    /// No key, but its slot says where the command goes: a sharded channel.
    NOT_KEY = 8 "not_key";
    /// There may be more keys than the specification finds.
    INCOMPLETE = 9 "incomplete";
    /// What is done with the key hangs on the arguments.
    VARIABLE_FLAGS = 10 "variable_flags";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let both = Flags::WRITE.with(Flags::FAST);
        assert!(
            both.has(Flags::FAST) && both.has(both) && !both.has(Flags::WRITE.with(Flags::ADMIN))
        );
        assert_eq!(Flags::named("skip_slowlog"), Flags::named("skip_commandlog"));
        assert_eq!(Flags::named("no such flag"), Flags::NONE);
        assert_eq!(KeyFlags::named("RO"), KeyFlags::RO);
    }

    #[test]
    fn one_bit_each() {
        let union = Flags::NAMES.iter().fold(0, |bits, (flag, _, _)| bits | flag.0);
        assert_eq!(union.count_ones() as usize, Flags::NAMES.len());
        let union = KeyFlags::NAMES.iter().fold(0, |bits, (flag, _, _)| bits | flag.0);
        assert_eq!(union.count_ones() as usize, KeyFlags::NAMES.len());
    }
}
