//! Service accounts: made, rotated, shut out and deleted by command, and what still uses them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_evidence::entry::{Kind, Label};
use tidegate_identity::{AccountError, AccountUse, NewAccount, SERVICE_ACCOUNT_ISSUER, ServiceAccount};
use tidegate_model::Action;

use super::{Change, Control, Operator, Permit, Refused, blocking, digest_of};

/// Accounts that a gate keeps.
const ACCOUNTS_MAX: usize = 10_000;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    owner: String,
    #[serde(default)]
    groups: Vec<String>,
    /// Unix seconds.
    expires_at: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// Until when the password before works beside the new one, Unix seconds.
    old_until: u64,
    /// Another end of the account.
    #[serde(default)]
    expires_at: Option<u64>,
}

/// Makes an account; the answer is the only place where its password is ever told.
pub(super) async fn create(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Json(asked): Json<Create>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Administer, "service-account create").await?;
    let _one_at_a_time = control.changing.lock().await;
    let there = blocking(|| control.state.service_accounts()).map_err(Refused::Failed)?;
    if there.iter().any(|account| account.name == asked.name) {
        return Err(Refused::Conflict(format!("there is a service account {:?} already; rotate it", asked.name)));
    }
    if there.len() >= ACCOUNTS_MAX {
        return Err(Refused::Conflict(format!("there are {ACCOUNTS_MAX} service accounts already; delete some")));
    }
    let mut change = change(&asked.name, &asked)?;
    change.facts.push(("expires_at".into(), asked.expires_at.to_string()));
    let Create { name, owner, groups, expires_at } = asked;
    let new = NewAccount { name, owner, groups, expires_at };
    let now = control.shared.now_ms() / 1000;
    let (account, password) =
        blocking(|| ServiceAccount::create(new, control.shared.accounts.salts(), now)).map_err(wrong)?;
    control.put(permit, change, &account).await?;
    Ok(Json(json!({ "account": shown(&account, None), "password": *password })))
}

/// Gives an account another password.
pub(super) async fn rotate(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Path(name): Path<String>,
    Json(asked): Json<Rotate>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Administer, "service-account rotate").await?;
    let _one_at_a_time = control.changing.lock().await;
    let mut account = control.account(&name)?;
    let now = control.shared.now_ms() / 1000;
    let password = blocking(|| account.rotate(asked.old_until, asked.expires_at, now)).map_err(wrong)?;
    let mut change = change(&name, &asked)?;
    change.facts.push(("old_until".into(), asked.old_until.to_string()));
    change.facts.push(("expires_at".into(), account.expires_at.to_string()));
    control.put(permit, change, &account).await?;
    Ok(Json(json!({ "account": shown(&account, None), "password": *password })))
}

/// Shuts an account out, until [`enable`].
pub(super) async fn disable(
    control: State<Arc<Control>>,
    operator: Operator,
    name: Path<String>,
) -> Result<Json<Value>, Refused> {
    set_disabled(&control, &operator, &name, true).await
}

/// Lets an account in again.
pub(super) async fn enable(
    control: State<Arc<Control>>,
    operator: Operator,
    name: Path<String>,
) -> Result<Json<Value>, Refused> {
    set_disabled(&control, &operator, &name, false).await
}

async fn set_disabled(
    control: &Control,
    operator: &Operator,
    name: &str,
    disabled: bool,
) -> Result<Json<Value>, Refused> {
    let command = if disabled { "service-account disable" } else { "service-account enable" };
    let permit = control.permit(operator, Action::Administer, command).await?;
    let _one_at_a_time = control.changing.lock().await;
    let mut account = control.account(name)?;
    account.disabled = disabled;
    control.put(permit, change(name, &disabled)?, &account).await?;
    Ok(Json(json!({ "account": shown(&account, None) })))
}

/// Deletes an account.
pub(super) async fn delete(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Administer, "service-account delete").await?;
    let _one_at_a_time = control.changing.lock().await;
    let account = control.account(&name)?;
    let begun = permit.begin(change(&name, &())?).await?;
    let make = || {
        control.state.remove_service_account(&name)?;
        control.enforce_accounts()
    };
    begun.change(Kind::AdminCommand, Vec::new(), make).await?;
    Ok(Json(json!({ "account": shown(&account, None) })))
}

/// All accounts with their last uses, by name.
pub(super) async fn list(State(control): State<Arc<Control>>, operator: Operator) -> Result<Json<Value>, Refused> {
    control.permit(&operator, Action::Audit, "service-account list").await?.look().await?;
    let accounts = blocking(|| control.state.service_accounts()).map_err(Refused::Failed)?;
    let uses = control.shared.accounts.last_uses();
    let last = |name: &str| uses.iter().find(|last| last.name == name);
    Ok(Json(accounts.iter().map(|account| shown(account, last(&account.name))).collect()))
}

/// What people may see of an account: all but its verifiers.
fn shown(account: &ServiceAccount, last: Option<&AccountUse>) -> Value {
    let passwords: Vec<Value> = account
        .passwords()
        .into_iter()
        .map(|(number, created_at, ends_at)| json!({ "number": number, "created_at": created_at, "ends_at": ends_at }))
        .collect();
    json!({
        "name": account.name,
        "owner": account.owner,
        "groups": account.groups,
        "created_at": account.created_at,
        "expires_at": account.expires_at,
        "disabled": account.disabled,
        "passwords": passwords,
        "last_use": last,
    })
}

fn wrong(error: AccountError) -> Refused {
    match error {
        AccountError::NoRandom => Refused::Failed(error.into()),
        error => Refused::Wrong(error.to_string()),
    }
}

/// What a command says of an account, for its leaf.
fn change(name: &str, asked: &impl Serialize) -> Result<Change, Refused> {
    let disclosures =
        vec![(Label::Subject, name.as_bytes().to_vec()), (Label::Issuer, SERVICE_ACCOUNT_ISSUER.as_bytes().to_vec())];
    Ok(Change { digest: digest_of(&(name, asked))?, facts: Vec::new(), disclosures })
}

impl Control {
    fn account(&self, name: &str) -> Result<ServiceAccount, Refused> {
        blocking(|| self.state.service_account(name)).map_err(Refused::Failed)?.ok_or_else(|| {
            Refused::Missing(format!("there is no service account {name:?}; `tidegate service-account list` names all"))
        })
    }

    /// Records, keeps, and takes up an account.
    async fn put(&self, permit: Permit<'_>, change: Change, account: &ServiceAccount) -> Result<(), Refused> {
        let begun = permit.begin(change).await?;
        let make = || {
            self.state.put_service_account(account)?;
            self.enforce_accounts()
        };
        begun.change(Kind::AdminCommand, Vec::new(), make).await
    }

    /// Takes up the accounts that are kept, and ends the sessions of those that may not go on.
    fn enforce_accounts(&self) -> anyhow::Result<()> {
        self.shared.accounts.replace(self.state.service_accounts()?);
        self.shared.live.review(&self.shared);
        Ok(())
    }
}
