//! Adding and removing members from the command line.

use baton_domain::Role;
use baton_protocol::Invite;

use super::{Password, Words};
use crate::core::{Core, told};

pub(super) async fn add(core: &Core, name: String, email: String, role: Role, password: Option<Password>) -> Words {
    match password {
        None => {
            let invite = Invite {
                email: email.clone(),
                name,
                role,
            };
            let invitation = core
                .auth
                .invite(&invite, None, core.now())
                .await
                .map_err(|error| told(&error))?;
            Ok(format!(
                "{email} joins with the code {}\nIt is good once, for seven days.",
                invitation.code
            ))
        }
        Some(password) => {
            // Hashed first: with a password that can't be one nobody is added.
            let hash = core.auth.hash(&password.0).await.map_err(|error| told(&error))?;
            let member = core
                .directory
                .add(&name, &email, role, core.now())
                .await
                .map_err(|error| told(&error))?;
            core.auth
                .set_password(member.id, &hash, core.now())
                .await
                .map_err(|error| told(&error))?;
            Ok(format!("{} may sign in as {}", member.name, member.email))
        }
    }
}

pub(super) async fn remove(core: &Core, email: &str) -> Words {
    let member = core.directory.by_email(email).filter(|member| member.active);
    let member = member.ok_or_else(|| format!("nobody signs in with {email}"))?;
    let removed = core.remove_member(member.id).await.map_err(|error| told(&error))?;
    Ok(format!(
        "{} is removed and signed out everywhere; the name stays in the trail",
        removed.name
    ))
}

pub(super) fn list(core: &Core) -> Words {
    let members = core.directory.members();
    if members.is_empty() {
        return Ok(
            "nobody yet: baton-server member add --data DIR --name NAME --email ADDRESS --role admin --invite".into(),
        );
    }
    let lines = members.iter().map(|member| {
        let role = format!("{:?}", member.role).to_lowercase();
        let left = if member.active { "" } else { "  (left)" };
        format!("{}  {}  {role}{left}", member.name, member.email)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
