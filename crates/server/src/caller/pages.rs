//! Reading a list to its last page.

use std::future::Future;

use super::Error;

/// The largest page that lists answer.
pub const PAGE: i32 = 500;

/// Reads all pages of a list: `page` answers the items behind a page token and the next token.
///
/// # Errors
/// The first one of a page.
pub async fn pages<T, F, A>(mut page: F) -> Result<Vec<T>, Error>
where
    F: FnMut(String) -> A,
    A: Future<Output = Result<(Vec<T>, String), Error>>,
{
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let (items, next) = page(token).await?;
        all.extend(items);
        if next.is_empty() {
            return Ok(all);
        }
        token = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_are_read_to_the_last() {
        let all = pages(async |token: String| {
            let page = token.parse().unwrap_or(0);
            Ok((vec![page], if page < 3 { (page + 1).to_string() } else { String::new() }))
        });
        assert_eq!(all.await.unwrap(), [0, 1, 2, 3]);
    }
}
