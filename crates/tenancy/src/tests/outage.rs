use kernel::{Clock, Code};
use schema::Db;
use testkit::proxy::{Proxy, Weather, before};

use super::fixture::*;
use crate::directory::Directory;
use crate::token::Env;

/// A directory whose line to the database can be watched and cut.
async fn behind_a_proxy(world: &World) -> (Directory, Proxy) {
    let (proxy, url) = before(&world.db.url_as("claims_app"), Proxy::tapped).await;
    (Directory::new(Db::new(&url, 4).unwrap(), Clock::system(), Env::new("test").unwrap()), proxy)
}

#[tokio::test]
async fn without_the_database_there_is_no_answer_and_never_an_old_one() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let (directory, proxy) = behind_a_proxy(&world).await;
    directory.resolve(&person.token, None).await.unwrap();
    directory.forget(key_id(&person.token)).await;
    for weather in [Weather::Silent, Weather::Cut] {
        proxy.set(weather);
        let failure = directory.resolve(&person.token, None).await.unwrap_err();
        assert_eq!(failure.code, Code::Unavailable, "{weather:?}: {failure:?}");
        let failure = directory.again(key_id(&person.token), None).await.unwrap_err();
        assert_eq!(failure.code, Code::Unavailable, "{weather:?}: {failure:?}");
    }
    proxy.set(Weather::Fair);
    directory.resolve(&person.token, None).await.unwrap();
}

#[tokio::test]
async fn a_thousand_callers_with_one_token_ask_the_database_once() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let (directory, proxy) = behind_a_proxy(&world).await;
    let all = futures_util::future::join_all((0..1000).map(|_| directory.resolve(&person.token, None))).await;
    assert!(all.into_iter().all(|identity| identity.is_ok()));
    directory.finished().await;
    let sent = proxy.traffic().await.up;
    let key = key_id(&person.token).as_bytes();
    let asked = sent.windows(key.len()).filter(|window| *window == key).count();
    // five statements of one flight, and one that notes the use
    assert!((5..=6).contains(&asked), "{asked}");
}
