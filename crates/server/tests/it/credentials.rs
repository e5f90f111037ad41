//! Credentials in states that no RPC leads to within a test: copies of good ones, changed past the server.

use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tenancy::token::{Env, TokenKind, mint};

use crate::harness::TestServer;

/// The database, with the rights to change what the server may not.
pub(crate) struct Credentials(AsyncPgConnection);

/// The part that a token is looked up by.
fn key_id(token: &str) -> &str {
    token.split('_').nth(3).expect("a token has five parts")
}

fn kind(token: &str) -> TokenKind {
    token.split('_').nth(2).and_then(|kind| kind.parse().ok()).expect("a token names its kind")
}

/// A token that nobody was given.
pub(crate) fn unknown(env: &str, like: &str) -> String {
    mint(&Env::new(env).expect("env"), kind(like)).expect("randomness").secret.reveal()
}

/// The same text with a checksum that is right.
fn sealed(body: &str) -> String {
    format!("{body}{:08x}", crc32fast::hash(body.as_bytes()))
}

/// What can be wrong with a token before anybody is asked about its bearer, made of a good one.
pub(crate) fn malformed(good: &str) -> [(&'static str, String); 6] {
    let body = good.strip_suffix(good.get(good.len() - 8..).expect("a checksum")).expect("its end");
    let flipped = if good.ends_with('0') { "1" } else { "0" };
    let other = unknown("test", good);
    let secret = other.rsplit('_').next().and_then(|end| end.get(..64)).expect("64 digits");
    let owned = body.rsplit_once('_').expect("a secret").0;
    [
        ("wrong prefix", sealed(&body.replacen("tc_", "tk_", 1))),
        ("wrong environment", unknown("other", good)),
        ("bad checksum", format!("{}{flipped}", good.get(..good.len() - 1).expect("a digit"))),
        ("truncated", good.get(..good.len() - 20).expect("longer").to_owned()),
        ("unknown key id", other.clone()),
        ("wrong secret", sealed(&format!("{owned}_{secret}"))),
    ]
}

impl Credentials {
    #[expect(clippy::disallowed_methods, reason = "changes what the server has no way to change")]
    pub(crate) async fn of(server: &TestServer) -> Self {
        Self(AsyncPgConnection::establish(&server.db.url_as("postgres")).await.expect("the test cluster answers"))
    }

    /// Another token of the same bearer, with those columns changed; `{}` makes one that is as good.
    pub(crate) async fn twin(&mut self, token: &str, columns: &str) -> String {
        let twin = mint(&Env::new("test").expect("env"), kind(token)).expect("randomness");
        let hash = twin.hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        diesel::sql_query(
            "INSERT INTO tenancy.tokens SELECT r.* FROM tenancy.tokens t, jsonb_populate_record(t, \
             jsonb_build_object('key_id', $2, 'secret_hash', '\\x' || $3, 'revoked_at', NULL) || $4::jsonb) r \
             WHERE t.key_id = $1",
        )
        .bind::<Text, _>(key_id(token))
        .bind::<Text, _>(twin.key_id.as_str())
        .bind::<Text, _>(hash)
        .bind::<Text, _>(columns)
        .execute(&mut self.0)
        .await
        .expect("a token like another");
        twin.secret.reveal()
    }

    /// Runs a change for the bearer of the token, whose row `t` is.
    pub(crate) async fn change(&mut self, token: &str, sql: &str) {
        let bearer = if sql.starts_with("UPDATE tenancy.users") {
            "x.id = t.user_id"
        } else if sql.starts_with("UPDATE tenancy.memberships") {
            "x.user_id = t.user_id"
        } else {
            "x.account_id = t.account_id"
        };
        let sql = format!("{sql} FROM tenancy.tokens t WHERE t.key_id = '{}' AND {bearer}", key_id(token));
        self.0.batch_execute(&sql).await.expect(&sql);
    }
}
