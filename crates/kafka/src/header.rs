//! Request and response headers, parsed by hand: they come before anything that the table describes.

use crate::error::ProtocolError;
use crate::schema::{Direction, message};

/// A request's header (version 1, or 2 when the message is flexible).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHeader<'a> {
    /// Which API.
    pub api_key: i16,
    /// Which version of it.
    pub api_version: i16,
    /// The client's number for the request.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<&'a str>,
    /// Where the body begins in the frame, its four-byte length counted.
    pub body: usize,
}

const APIVERSIONS: i16 = 18;

/// Reads the header of a whole frame, length prefix included.
///
/// For ApiVersions of a version that the table does not have, `body` is where the client id ends: the body is not read (KIP-511).
///
/// # Errors
/// The frame is too short, the client id is not UTF-8, or the tagged fields do not end.
pub fn request(frame: &[u8]) -> Result<RequestHeader<'_>, ProtocolError> {
    let cut = || ProtocolError::Refused("the frame ends inside the request header");
    let api_key = i16::from_be_bytes(fixed(frame, 4).ok_or_else(cut)?);
    let api_version = i16::from_be_bytes(fixed(frame, 6).ok_or_else(cut)?);
    let correlation_id = i32::from_be_bytes(fixed(frame, 8).ok_or_else(cut)?);
    let length = i16::from_be_bytes(fixed(frame, 12).ok_or_else(cut)?);
    let mut body = 14_usize;
    let client_id = match usize::try_from(length) {
        Ok(length) => {
            let end = body.checked_add(length).ok_or_else(cut)?;
            let bytes = frame.get(body..end).ok_or_else(cut)?;
            body = end;
            Some(std::str::from_utf8(bytes).map_err(|_not_utf8| ProtocolError::Refused("the client id is not UTF-8"))?)
        }
        Err(_) if length == -1 => None,
        Err(_) => return Err(ProtocolError::Refused("the client id has a negative length")),
    };
    let described = message(api_key, Direction::Request);
    if let Some(described) = described
        && described.flexible.contains(api_version)
        && (described.versions.contains(api_version) || api_key != APIVERSIONS)
    {
        body = skip_tags(frame, body).ok_or_else(cut)?;
    }
    Ok(RequestHeader { api_key, api_version, correlation_id, client_id, body })
}

/// Where a response's body begins; checks that it answers `correlation_id`.
///
/// # Errors
/// The frame is too short or answers another request: the streams have lost step.
pub fn response(frame: &[u8], api_key: i16, api_version: i16, correlation_id: i32) -> Result<usize, ProtocolError> {
    let cut = || ProtocolError::Refused("the frame ends inside the response header");
    if i32::from_be_bytes(fixed(frame, 4).ok_or_else(cut)?) != correlation_id {
        return Err(ProtocolError::Refused("the broker answered another request than the one that waits"));
    }
    if is_flexible_response(api_key, api_version) { skip_tags(frame, 8).ok_or_else(cut) } else { Ok(8) }
}

/// Length (still zero), correlation id and, where the version has them, empty tagged fields: what an answer of ours begins with.
#[must_use]
pub fn response_prefix(api_key: i16, api_version: i16, correlation_id: i32) -> Vec<u8> {
    let mut prefix = vec![0, 0, 0, 0];
    prefix.extend_from_slice(&correlation_id.to_be_bytes());
    if is_flexible_response(api_key, api_version) {
        prefix.push(0);
    }
    prefix
}

/// Length (still zero) and header of a request of the gate's own.
#[must_use]
pub fn request_prefix(api_key: i16, api_version: i16, correlation_id: i32, client_id: &str) -> Vec<u8> {
    let mut prefix = vec![0, 0, 0, 0];
    prefix.extend_from_slice(&api_key.to_be_bytes());
    prefix.extend_from_slice(&api_version.to_be_bytes());
    prefix.extend_from_slice(&correlation_id.to_be_bytes());
    crate::encode::string(&mut prefix, false, client_id);
    if message(api_key, Direction::Request).is_some_and(|m| m.flexible.contains(api_version)) {
        prefix.push(0);
    }
    prefix
}

/// Writes the length of everything after the first four bytes into them.
pub fn seal(frame: &mut [u8]) {
    let length = u32::try_from(frame.len().saturating_sub(4)).unwrap_or(u32::MAX);
    if let Some(head) = frame.get_mut(..4) {
        head.copy_from_slice(&length.to_be_bytes());
    }
}

/// ApiVersions answers always carry header version 0, so that a client that does not know the version can read them.
fn is_flexible_response(api_key: i16, api_version: i16) -> bool {
    api_key != APIVERSIONS && message(api_key, Direction::Response).is_some_and(|m| m.flexible.contains(api_version))
}

fn fixed<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    frame.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn skip_tags(frame: &[u8], mut at: usize) -> Option<usize> {
    let mut left = uvarint(frame, &mut at)?;
    while left > 0 {
        uvarint(frame, &mut at)?;
        let size = usize::try_from(uvarint(frame, &mut at)?).ok()?;
        at = at.checked_add(size).filter(|end| *end <= frame.len())?;
        left = left.saturating_sub(1);
    }
    Some(at)
}

fn uvarint(frame: &[u8], at: &mut usize) -> Option<u32> {
    let mut value = 0_u32;
    for shift in [0_u32, 7, 14, 21, 28] {
        let byte = *frame.get(*at)?;
        *at = at.checked_add(1)?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
