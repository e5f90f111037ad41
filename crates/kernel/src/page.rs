//! Paging by key: a signed, opaque token carries the last key and a fingerprint of the filter.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::violations::Violations;

/// Rows per page when the request names none.
pub const PAGE_SIZE_DEFAULT: i64 = 50;
/// Rows per page at most; larger requests get this many (AIP-158).
pub const PAGE_SIZE_MAX: i64 = 500;
const TAG_BYTES: usize = 16;

/// Signs page tokens, so a caller can't craft a key of its own.
#[derive(Clone)]
pub struct TokenKey(Hmac<Sha256>);

impl TokenKey {
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("any length"))
    }

    fn tag(&self, filter: &[u8], body: &[u8]) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(&(filter.len() as u64).to_be_bytes());
        mac.update(filter);
        mac.update(body);
        let mut tag = mac.finalize().into_bytes().to_vec();
        tag.truncate(TAG_BYTES);
        tag
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

/// Where a page begins and how long it may be.
#[derive(Debug)]
pub struct PageRequest {
    size: i64,
    after: Option<Vec<u8>>,
    filter: Vec<u8>,
    key: TokenKey,
}

impl PageRequest {
    /// Reads `page_size` and `page_token`. `filter` is everything else of the request that shapes the list,
    /// the practice included: a token is good only for the list that it came from.
    pub fn parse(v: &mut Violations, key: &TokenKey, page_size: i32, page_token: &str, filter: Vec<u8>) -> Self {
        let size = match i64::from(page_size) {
            n if n < 0 => {
                v.add("page_size", "must not be negative");
                PAGE_SIZE_DEFAULT
            }
            0 => PAGE_SIZE_DEFAULT,
            n => n.min(PAGE_SIZE_MAX),
        };
        let after = (!page_token.is_empty()).then(|| Self::open(key, page_token, &filter));
        if matches!(after, Some(None)) {
            v.add("page_token", "must be the next_page_token of the same list with the same filters");
        }
        Self { size, after: after.flatten(), filter, key: key.clone() }
    }

    fn open(key: &TokenKey, token: &str, filter: &[u8]) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, body) = bytes.split_at_checked(TAG_BYTES)?;
        // constant time is not needed: a token grants nothing, row-level security still guards the rows
        (key.tag(filter, body) == tag).then(|| body.to_vec())
    }

    /// How many rows to fetch: one more than the page, to know whether another page follows.
    #[must_use]
    pub const fn limit(&self) -> i64 {
        self.size + 1
    }

    /// The key after which this page begins.
    #[must_use]
    pub fn after<K: PageKey>(&self) -> Option<K> {
        self.after.as_deref().and_then(K::read)
    }

    /// Cuts the extra row off and makes the token for the next page.
    pub fn page<T, K: PageKey>(&self, mut items: Vec<T>, key_of: impl Fn(&T) -> K) -> Page<T> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next_page_token = match items.last() {
            Some(last) if more => {
                let mut body = Vec::with_capacity(32);
                key_of(last).write(&mut body);
                let mut bytes = self.key.tag(&self.filter, &body);
                bytes.extend_from_slice(&body);
                URL_SAFE_NO_PAD.encode(bytes)
            }
            _ => String::new(),
        };
        Page { items, next_page_token }
    }
}

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Empty on the last page.
    pub next_page_token: String,
}

impl<T> Page<T> {
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_page_token: self.next_page_token }
    }
}

/// A sort key that fits in a token. Keys hold ids, dates and positions, never PHI.
pub trait PageKey: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl PageKey for uuid::Uuid {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_slice(bytes).ok()
    }
}

impl<K> PageKey for crate::id::Id<K> {
    fn write(&self, out: &mut Vec<u8>) {
        self.uuid().write(out);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        uuid::Uuid::read(bytes).map(Self::from_uuid)
    }
}

impl PageKey for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl PageKey for String {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

/// A date, then an id to break ties.
impl<K> PageKey for (chrono::NaiveDate, crate::id::Id<K>) {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&chrono::Datelike::num_days_from_ce(&self.0).to_be_bytes());
        self.1.write(out);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let (days, id) = bytes.split_at_checked(4)?;
        let days = i32::from_be_bytes(days.try_into().ok()?);
        Some((chrono::NaiveDate::from_num_days_from_ce_opt(days)?, PageKey::read(id)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn parse(key: &TokenKey, token: &str, filter: &[u8]) -> Result<Option<Uuid>, crate::Failure> {
        let mut v = Violations::new();
        let request = PageRequest::parse(&mut v, key, 10, token, filter.to_vec());
        let after = request.after();
        v.done(after)
    }

    proptest! {
        #[test]
        fn walking_the_pages_sees_every_row_once(total in 0usize..200, size in 1i32..60) {
            let key = TokenKey::new(b"k");
            let rows: Vec<Uuid> = (0..total).map(|i| Uuid::from_u128(i as u128 + 1)).collect();
            let (mut seen, mut token) = (Vec::new(), String::new());
            loop {
                let mut v = Violations::new();
                let request = PageRequest::parse(&mut v, &key, size, &token, b"f".to_vec());
                prop_assert!(v.is_empty());
                let after = request.after::<Uuid>().unwrap_or_default();
                let limit = usize::try_from(request.limit())?;
                let page = request.page(rows.iter().copied().filter(|r| *r > after).take(limit).collect(), |r| *r);
                seen.extend(page.items);
                token = page.next_page_token;
                if token.is_empty() { break }
            }
            prop_assert_eq!(seen, rows);
        }

        #[test]
        fn a_made_up_token_is_refused(token in "[A-Za-z0-9_-]{1,60}") {
            prop_assert!(parse(&TokenKey::new(b"k"), &token, b"f").is_err());
        }
    }

    #[test]
    fn a_token_is_good_only_for_its_own_list() {
        let key = TokenKey::new(b"k");
        let request = PageRequest::parse(&mut Violations::new(), &key, 1, "", b"f".to_vec());
        let page = request.page(vec![Uuid::from_u128(1), Uuid::from_u128(2)], |r| *r);
        assert!(matches!(parse(&key, &page.next_page_token, b"f"), Ok(Some(_))));
        assert!(parse(&key, &page.next_page_token, b"other filter").is_err());
        assert!(parse(&TokenKey::new(b"other key"), &page.next_page_token, b"f").is_err());
    }

    #[test]
    fn a_negative_page_size_is_refused_and_a_large_one_is_capped() {
        let mut v = Violations::new();
        PageRequest::parse(&mut v, &TokenKey::new(b"k"), -1, "", vec![]);
        assert!(!v.is_empty());
        let request = PageRequest::parse(&mut Violations::new(), &TokenKey::new(b"k"), 100_000, "", vec![]);
        assert_eq!(request.limit(), PAGE_SIZE_MAX + 1);
    }
}
