//! What people allow third parties, and clients that people made out of scopes of their own.

use protocol::time::Timestamp;
use sqlx::FromRow;

use crate::{Db, DbError, sessions::SessionHash};

/// What somebody allowed a third party.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ThirdPartyGrant {
    pub third_party: String,
    /// Who allowed it: client id and roles of their session.
    pub granted_by: String,
    pub roles: Option<Vec<String>>,
    /// The client that the third party may make.
    pub client_id: String,
    pub description: String,
    pub scopes: Vec<String>,
    pub client_expires: Timestamp,
}

/// How a third party gets at a grant.
#[derive(Debug, Clone)]
pub struct GrantKey<'g> {
    pub grant_id: SessionHash,
    /// A code, which is to be exchanged; else an access token.
    pub is_code: bool,
    pub redirect_uri: &'g str,
    pub expires: Timestamp,
}

/// A client that somebody made out of scopes of their own.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DerivedClient {
    pub client_id: String,
    pub made_by: String,
    pub roles: Option<Vec<String>>,
}

impl Db {
    /// `third_party_grant_add`.
    pub async fn third_party_grant_add(
        &self,
        key: &GrantKey<'_>,
        grant: &ThirdPartyGrant,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select third_party_grant_add($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)");
        let call = call.bind(key.grant_id).bind(key.is_code).bind(&grant.third_party).bind(key.redirect_uri);
        let call = call.bind(&grant.granted_by).bind(&grant.roles).bind(&grant.client_id).bind(&grant.description);
        let call = call.bind(&grant.scopes).bind(grant.client_expires).bind(key.expires).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `third_party_code_exchange`: whether the code was good, which it is once.
    pub async fn third_party_code_exchange(
        &self,
        code: &SessionHash,
        third_party: &str,
        redirect_uri: &str,
        token: &SessionHash,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select third_party_code_exchange($1,$2,$3,$4,$5,$6)").bind(code);
        let call = call.bind(third_party).bind(redirect_uri).bind(token).bind(expires).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `third_party_grant_get`.
    pub async fn third_party_grant(
        &self,
        token: &SessionHash,
        now: Timestamp,
    ) -> Result<Option<ThirdPartyGrant>, DbError> {
        let call = sqlx::query_as("select * from third_party_grant_get($1,$2)").bind(token).bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `derived_client_add`, safe to repeat.
    pub async fn derived_client_add(
        &self,
        client: &DerivedClient,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let DerivedClient { client_id, made_by, roles } = client;
        let call = sqlx::query("select derived_client_add($1,$2,$3,$4,$5)").bind(client_id).bind(made_by);
        call.bind(roles).bind(expires).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `derived_clients`, by id.
    pub async fn derived_clients(
        &self,
        after: &str,
        page_size: i32,
        now: Timestamp,
    ) -> Result<Vec<DerivedClient>, DbError> {
        let call = sqlx::query_as("select * from derived_clients($1,$2,$3)").bind(after).bind(page_size).bind(now);
        Ok(call.fetch_all(self.pool()).await?)
    }
}
