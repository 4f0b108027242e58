//! An error reply of a server as an error.

use crate::error::{Error, Status};
use crate::resp::ReplyRef;

/// The server's text as a message. Of "unknown command 'x', with args beginning with: ..." the
/// arguments are left out: no argument stands in an error.
pub fn server_error(reply: ReplyRef<'_>) -> Error {
    let text = String::from_utf8_lossy(reply.bytes().unwrap_or_default());
    let text = text.split(", with args beginning with").next().unwrap_or_default();
    let text = text.replace(char::is_control, " ");
    Error::new(Status::Server, text).with_server_code(reply.error_code().unwrap_or_default())
}
