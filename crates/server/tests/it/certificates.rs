//! Service accounts that are bound to client certificates, over real TLS.

use std::time::Duration;

use audit::MacKeys;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use kernel::page::TokenKey;
use kernel::{Clock, Fingerprint};
use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use schema::Db;
use server::app::{App, Settings, bind};
use server::command::serve::certified;
use tenancy::password::Cost;
use tenancy::token::Env;
use testkit::TestDb;
use therapy_claims::claims::v1 as claims;
use therapy_claims::client::{Client, reason};
use therapy_claims::tenancy::v1 as pb;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, ServerTlsConfig};
use tonic::{Code, Status, Streaming};

use crate::harness::practice;

/// What is promised.
const PROMISED: Duration = Duration::from_secs(5);
const PASSWORD: &str = "a password that is long";

/// Signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, and what it is known by.
struct Card {
    identity: Identity,
    fingerprint: Fingerprint,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certificate(&self) -> Certificate {
        Certificate::from_pem(self.0.pem())
    }

    fn card(&self, purpose: ExtendedKeyUsagePurpose) -> Card {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
        params.extended_key_usages.push(purpose);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let identity = Identity::from_pem(certificate.pem(), key.serialize_pem());
        Card { identity, fingerprint: Fingerprint::of(certificate.der()) }
    }

    fn client(&self) -> Card {
        self.card(ExtendedKeyUsagePurpose::ClientAuth)
    }
}

/// A server that takes client certificates, with an adapter and an administrator of one practice.
struct Server {
    endpoint: String,
    trusted: Certificate,
    /// Signs the clients' certificates.
    authority: Authority,
    db: TestDb,
    practice: String,
    account: String,
    token: String,
    end: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        let (ours, authority) = (Authority::new(), Authority::new());
        let db = TestDb::new().await;
        let identity = ours.card(ExtendedKeyUsagePurpose::ServerAuth).identity;
        let settings = Settings {
            app_url: db.url_as("claims_app"),
            audit_url: db.url_as("claims_audit"),
            feed_url: db.url_as("claims_feed"),
            connections: 4,
            env: Env::new("test").unwrap(),
            page_key: TokenKey::new(b"a key for tests"),
            audit_keys: MacKeys::known(),
            checkpoints: None,
            password_cost: Cost::CHEAP,
            reflection: false,
            // throw-away databases give durability up for speed
            durable: false,
            tls: Some(certified(ServerTlsConfig::new().identity(identity), authority.certificate())),
            clock: Clock::system(),
        };
        let app = App::open(settings).await.unwrap();
        let operator = app.parts().operator("a test");
        let practice = operator.create_practice(&practice("bound")).await.unwrap().id;
        let here = practice.parse().unwrap();
        let grant = pb::ServiceGrant { scopes: vec!["claims:stream".into()], ..Default::default() };
        let request = pb::CreateServiceAccountRequest {
            service_account: Some(pb::ServiceAccount { name: "adapter".into(), ..Default::default() }),
            grant: Some(grant),
            request_id: String::new(),
        };
        let account = operator.create_account(here, request).await.unwrap().id;
        let request = pb::IssueTokenRequest { service_account_id: account.clone(), ..Default::default() };
        let token = operator.issue_token(here, request).await.unwrap().secret;
        let user = pb::User {
            email: "ada@example.com".into(),
            first_name: "Ada".into(),
            last_name: "Tester".into(),
            is_verified: true,
            ..Default::default()
        };
        let request = pb::CreateUserRequest {
            user: Some(user),
            password: PASSWORD.into(),
            role: pb::Role::Admin.into(),
            ..Default::default()
        };
        operator.create_user(here, request).await.unwrap();
        let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let (end, ended) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "it ends with the test, which waits for it")]
        let served = tokio::spawn(async move {
            let ended = async {
                let _ = ended.await;
            };
            app.serve(listener, ended).await.unwrap();
        });
        Self { endpoint, trusted: ours.certificate(), authority, db, practice, account, token, end, served }
    }

    /// A connection that presents a certificate, or none.
    async fn connect(&self, card: Option<&Card>) -> Result<Channel, tonic::transport::Error> {
        let tls = ClientTlsConfig::new().ca_certificate(self.trusted.clone());
        let tls = card.into_iter().fold(tls, |tls, card| tls.identity(card.identity.clone()));
        Endpoint::from_shared(self.endpoint.clone()).unwrap().tls_config(tls).unwrap().connect().await
    }

    async fn adapter(&self, card: Option<&Card>) -> Client {
        Client::over(self.connect(card).await.unwrap(), &self.token).unwrap()
    }

    /// A person, who needs no certificate.
    async fn admin(&self) -> Client {
        let client = Client::over(self.connect(None).await.unwrap(), "").unwrap();
        let request =
            pb::LoginRequest { email: "ada@example.com".into(), password: PASSWORD.into(), ..Default::default() };
        let token = client.auth().login(request).await.unwrap().into_inner().token;
        client.with_token(&token).unwrap().in_practice(&self.practice).unwrap()
    }

    fn binding(&self, fingerprint: String, label: &str) -> pb::BindCertificateRequest {
        pb::BindCertificateRequest {
            service_account_id: self.account.clone(),
            certificate: Some(pb::BoundCertificate { fingerprint, label: label.into(), bound_at: None }),
            request_id: String::new(),
        }
    }

    fn unbinding(&self, card: &Card) -> pb::UnbindCertificateRequest {
        let fingerprint = card.fingerprint.to_string();
        let service_account_id = self.account.clone();
        pb::UnbindCertificateRequest { service_account_id, fingerprint, request_id: String::new() }
    }

    /// Refusals for want of a certificate on the system chain.
    async fn recorded(&self) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let mut owner = Db::new(&self.db.url_as("postgres"), 1).unwrap().directory().await.unwrap();
        let query = "SELECT count(*) AS count FROM audit.entries WHERE outcome = 'denied' AND reason = 'CERTIFICATE_REQUIRED' \
                     AND practice_id = '00000000-0000-0000-0000-000000000000' AND actor_kind = 'anonymous' AND ip_address IS NOT NULL";
        let count: Count = diesel::sql_query(query).get_result(&mut *owner).await.unwrap();
        count.count
    }

    async fn stop(self) {
        let Self { db: _db, end, served, .. } = self;
        drop(end);
        served.await.unwrap();
    }
}

async fn who(client: &Client) -> Result<pb::WhoAmIResponse, Status> {
    client.auth().who_am_i(pb::WhoAmIRequest {}).await.map(tonic::Response::into_inner)
}

/// Waits, no longer than is promised, until the client is let in or not.
async fn until(client: &Client, is_in: bool) {
    let turned = async {
        while who(client).await.is_ok() != is_in {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PROMISED, turned).await.unwrap_or_else(|_| panic!("it never becomes {is_in}"));
}

fn refusal(status: &Status) -> (Code, Option<String>, String) {
    (status.code(), reason(status), status.message().to_owned())
}

async fn following(adapter: &Client, subscription: &str) -> Streaming<claims::SubscribeResponse> {
    let request = claims::SubscribeRequest { subscription: subscription.into(), ..Default::default() };
    let mut stream = adapter.clearinghouse().subscribe(request).await.unwrap().into_inner();
    stream.message().await.unwrap().expect("it starts");
    stream
}

/// How a stream ends, which it must in time.
async fn ended(mut stream: Streaming<claims::SubscribeResponse>) -> Status {
    let end = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ends without a word"),
                Err(status) => return status,
            }
        }
    };
    tokio::time::timeout(PROMISED, end).await.expect("the stream goes on")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_account_is_let_in_only_with_one_of_its_certificates() {
    let server = Server::start().await;
    let (old, new, other) = (server.authority.client(), server.authority.client(), server.authority.client());
    let (bare, with_other) = (server.adapter(None).await, server.adapter(Some(&other)).await);
    let (with_old, with_new) = (server.adapter(Some(&old)).await, server.adapter(Some(&new)).await);
    for client in [&bare, &with_old, &with_other] {
        who(client).await.expect("as long as it is bound to none, any connection will do");
    }

    let admin = server.admin().await;
    let hexadecimal: Vec<_> = old.fingerprint.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    admin.auth().bind_certificate(server.binding(hexadecimal.join(":"), "2025")).await.unwrap();
    let binding = server.binding(new.fingerprint.to_string(), "2026");
    let bound = admin.auth().bind_certificate(binding.clone()).await.unwrap().into_inner();
    let shown: Vec<_> = bound.certificates.iter().map(|it| (it.fingerprint.clone(), it.label.as_str())).collect();
    assert_eq!(shown, [(old.fingerprint.to_string(), "2025"), (new.fingerprint.to_string(), "2026")]);
    assert_eq!(refusal(&admin.auth().bind_certificate(binding).await.unwrap_err()).0, Code::AlreadyExists);

    until(&bare, false).await;
    until(&with_other, false).await;
    let before = server.recorded().await;
    let refused = refusal(&who(&bare).await.unwrap_err());
    assert_eq!((refused.0, refused.1.as_deref()), (Code::Unauthenticated, Some("CERTIFICATE_REQUIRED")));
    assert_eq!(refusal(&who(&with_other).await.unwrap_err()), refused, "in the same words");
    let request = claims::SubscribeRequest { subscription: "none".into(), ..Default::default() };
    assert_eq!(refusal(&bare.clearinghouse().subscribe(request).await.unwrap_err()), refused);
    // what was asked while the binding was waited for is repeated here, and repeats are counted; this one is new
    until_recorded(&server, before + 1).await;
    let stranger = server.token.replace(char::is_alphanumeric, "0");
    let stranger = bare.clone().with_token(&stranger).unwrap();
    let unknown = refusal(&who(&stranger).await.unwrap_err());
    assert_eq!(unknown.1.as_deref(), Some("UNAUTHENTICATED"), "who has no token learns of no binding");
    for client in [&with_old, &with_new] {
        who(client).await.expect("both count while one replaces the other");
    }
    who(&server.admin().await).await.expect("people need none");

    let foreign = Authority::new().client();
    let shut_out = match server.connect(Some(&foreign)).await {
        Ok(channel) => {
            who(&Client::over(channel, &server.token).unwrap()).await.is_err_and(|status| reason(&status).is_none())
        }
        Err(_handshake) => true,
    };
    assert!(shut_out, "a certificate of another authority gets no connection");

    let (leaving, mut staying) = (following(&with_old, "old").await, following(&with_new, "new").await);
    admin.auth().unbind_certificate(server.unbinding(&old)).await.unwrap();
    let (ended, ()) = tokio::join!(ended(leaving), until(&with_old, false));
    assert_eq!((ended.code(), reason(&ended).as_deref()), (Code::Unauthenticated, Some("CERTIFICATE_REQUIRED")));
    who(&with_new).await.expect("the other one counts");
    let going_on = tokio::time::timeout(Duration::from_secs(1), staying.message()).await;
    assert!(going_on.is_err() || going_on.is_ok_and(|message| message.is_ok_and(|it| it.is_some())));

    admin.auth().unbind_certificate(server.unbinding(&new)).await.unwrap();
    until(&bare, true).await;
    let again = admin.auth().unbind_certificate(server.unbinding(&new)).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    drop((bare, with_other, with_old, with_new, stranger, admin, staying));
    server.stop().await;
}

/// Entries of refusals follow by themselves.
async fn until_recorded(server: &Server, at_least: i64) {
    let written = async {
        while server.recorded().await < at_least {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PROMISED, written).await.expect("refusals are on record");
}
