//! One connection, as far as its callers need to know: what carries their bytes.

use crate::deadline::Deadline;

/// What receives while the other end reads no more; false if that is somebody else's to do for now.
pub(crate) type OnReadable<'a, E> = &'a mut dyn FnMut() -> Result<bool, E>;

/// How a receive has ended.
pub(crate) struct Received<E> {
    /// The node had lost its role by the time at which these replies had come.
    pub(crate) is_demoted: bool,
    /// Whether something has come; false: the caller's time, or call, ended first.
    pub(crate) outcome: Result<bool, E>,
}

/// One connection, as far as its callers need to know.
pub(crate) trait Carrier {
    /// What the other end sends.
    type Reply;
    /// Why it does not.
    type Error: Clone;
    /// How long a caller waits, and what ends its call.
    type Call<'a>;

    /// While so few commands are in flight each caller writes for itself.
    const FEW: usize = 8;

    /// Sends all of `first` and the pieces behind it, or says how many bytes have left and why no more. Where the other end reads
    /// no more before its replies are read, who leads takes them by `on_readable`. The lead may come to a caller while
    /// it sends: who is told that it is not its to receive asks again after a while.
    fn send(
        &self,
        first: &[u8],
        behind: &[&[u8]],
        call: &Self::Call<'_>,
        on_readable: OnReadable<'_, Self::Error>,
    ) -> Result<(), (usize, Self::Error)>;

    /// Waits for replies and puts them behind those in `arrived`, also where an error follows. By the leader alone.
    /// Without `call` it takes what is there.
    fn receive(
        &self,
        call: Option<&Self::Call<'_>>,
        arrived: &mut Vec<Self::Reply>,
    ) -> Received<Self::Error>;

    /// Ends the connection, so that who waits in [`Carrier::receive`] comes back with an error.
    fn end(&self);

    /// What a reply that nobody is owed is to all callers.
    fn stray(&self) -> Self::Error;

    /// What it is to all callers that one could not send its command to the end in its time.
    fn cut_off(&self) -> Self::Error;

    /// When the caller looks whether its call has ended.
    fn sleeps_until(call: &Self::Call<'_>) -> Deadline;

    /// The caller has something else to look after, and waits on later.
    fn is_put_off(call: &Self::Call<'_>) -> bool;

    /// Why the caller's call has ended, if it has.
    fn ended(&self, call: &Self::Call<'_>) -> Option<Self::Error>;

    /// Nobody uses the connection any more, for it has ended.
    fn close(&self);

    /// A reply for another caller than who received it: it shares no memory with that one's.
    fn own(reply: Self::Reply) -> Self::Reply;

    /// Nothing has come for so long that its end may have been missed, and that nobody is to wait for it.
    fn is_stale(&self) -> bool;

    /// The connection stays at hand while nothing is owed on it.
    fn stays(&self) -> bool;
}
