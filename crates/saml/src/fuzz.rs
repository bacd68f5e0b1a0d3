//! The body of the fuzz target, also replayed over the kept corpus by a unit test. Whatever the bytes, it returns; a panic or a
//! broken promise is a finding.

use crate::document;
use crate::metadata::IdentityProvider;

/// A response, as the pass before the library reads it; and the metadata of a provider.
///
/// # Panics
/// When what was read has no assertion, no name, or more than there were bytes.
pub fn fuzz_document(data: &[u8]) {
    let Ok(xml) = std::str::from_utf8(data) else { return };
    if let Ok(document) = document::read(xml) {
        assert!(!document.assertion_id.is_empty() && !document.name_id.is_empty());
        assert!(!document.in_response_to.is_empty());
        let values = document.attributes.iter().flat_map(|(name, values)| values.iter().chain([name]));
        assert!(values.map(String::len).sum::<usize>() + document.name_id.len() <= xml.len());
    }
    let _refused = IdentityProvider::from_metadata(xml).is_err();
}
