//! The first admin, whom the settings name.

use secrecy::{ExposeSecret, SecretString};
use stagemark_contest_contract::{CITIES, Moment};
use stagemark_contest_records::{SignedUp, entity::player};
use uuid::Uuid;

use super::check;
use crate::{Api, ApiError, Problem};

/// The fewest characters that an admin's password may have.
const PASSWORD_MIN: usize = 10;

/// Makes the admin whom the settings name, or gives the one who is there the password of the settings.
pub(crate) async fn ensure_admin(api: &Api) -> Result<(), ApiError> {
    let Some((name, password)) = &api.settings.admin else { return Ok(()) };
    if !check::is_name(name) || password.expose_secret().chars().count() < PASSWORD_MIN {
        return Err(ApiError::Admin);
    }
    ensure(api, name, password).await.map_err(|problem| ApiError::AdminNotMade(problem.detail().to_owned()))
}

async fn ensure(api: &Api, name: &str, password: &SecretString) -> Result<(), Problem> {
    let name_key = check::key_of(name);
    if let Some(found) = api.records.player_named(&name_key).await? {
        // A hash is made anew at each start only if it must be: another would end the admin's sessions.
        let fits = api.passwords.are_one(password.clone(), Some(&found.password)).await?;
        if !fits || found.role != player::Role::Admin {
            let password = api.passwords.hash(password.clone()).await?;
            api.records.make_admin(found.id, password).await?;
            tracing::info!(name, "the admin of the settings has another password now, or is one now");
        }
        return Ok(());
    }
    let admin = player::Model {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        name_key,
        password: api.passwords.hash(password.clone()).await?,
        city: CITIES[0].to_owned(),
        role: player::Role::Admin,
        created_at: Moment::now().0,
    };
    if api.records.sign_up(admin).await? == SignedUp::Added {
        tracing::info!(name, "the admin of the settings was made");
    }
    // Else another host has made the admin in the meantime, from the same settings.
    Ok(())
}
