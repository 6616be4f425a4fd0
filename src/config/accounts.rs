//! Which accounts' files are believed, and who is in which group.
//!
//! Read from `/etc/passwd` and `/etc/group`; a group that is not in them may have any members.

use std::collections::BTreeSet;
use std::fs::read_to_string;

/// Accounts that are believed, and the system's lists of users and groups.
#[derive(Debug, Default)]
pub(super) struct BelievedAccounts {
    trusted: BTreeSet<u32>,
    passwd: String,
    group: String,
}

impl BelievedAccounts {
    /// Root and whoever runs.
    pub(super) fn root_and_self() -> BelievedAccounts {
        let mut accounts = BelievedAccounts::only_root();
        accounts.trusted.insert(rustix::process::geteuid().as_raw());
        accounts
    }

    pub(super) fn only_root() -> BelievedAccounts {
        BelievedAccounts {
            trusted: BTreeSet::from([0]),
            passwd: read_to_string("/etc/passwd").unwrap_or_default(),
            group: read_to_string("/etc/group").unwrap_or_default(),
        }
    }

    /// Those that are named, too: a name or a number a line.
    pub(super) fn trust(&mut self, owners: &str) {
        for line in owners.lines() {
            let name = line.split('#').next().unwrap_or_default().trim();
            let uid = name.parse().ok().or_else(|| self.uid_of(name));
            self.trusted.extend(uid);
        }
    }

    fn uid_of(&self, name: &str) -> Option<u32> {
        let mut lines = self.passwd.lines().map(|line| line.split(':'));
        lines
            .find_map(|mut fields| (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?)
    }

    pub(super) fn is_trusted(&self, uid: u32) -> bool {
        self.trusted.contains(&uid)
    }

    /// Whether somebody may be in the group who is not believed anyway.
    pub(super) fn may_be_others_in(&self, gid: u32) -> bool {
        let gid_text = gid.to_string();
        let mut groups = self.group.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let Some(group) = groups.find(|fields| fields.get(2) == Some(&gid_text.as_str())) else {
            return true; // From a directory, perhaps, which is not asked.
        };
        let named = group.get(3).copied().unwrap_or_default().split(',').filter(|n| !n.is_empty());
        let is_other = |uid: Option<u32>| uid.is_none_or(|uid| !self.is_trusted(uid));
        named.map(|name| self.uid_of(name)).any(is_other)
            || self.passwd.lines().any(|line| {
                let fields: Vec<&str> = line.split(':').collect();
                fields.get(3) == Some(&gid_text.as_str())
                    && is_other(fields.get(2).and_then(|uid| uid.parse().ok()))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> BelievedAccounts {
        let mut accounts = BelievedAccounts {
            trusted: BTreeSet::from([0, 1000]),
            passwd: "root:x:0:0::/:/bin/sh\nop:x:1000:1000::/:\neve:x:1001:1001::/:\nbatch:x:1002:1000::/:\n"
                .to_owned(),
            group: "root:x:0:\nop:x:1000:\nstaff:x:50:op,eve\nown:x:51:op\nlost:x:52:nobody-knows\n".to_owned(),
        };
        accounts.trust("# of the packages\nbatch # by Ansible\n2000\n");
        accounts
    }

    #[test]
    fn a_group_without_another_member_is_its_owner() {
        let accounts = accounts();
        for (gid, others) in
            [(0, false), (1000, false), (50, true), (51, false), (52, true), (99, true)]
        {
            assert_eq!(accounts.may_be_others_in(gid), others, "{gid}");
        }
    }

    #[test]
    fn roots_list_names_further_owners_by_name_or_number() {
        let accounts = accounts();
        for (uid, trusted) in [(0, true), (1000, true), (1002, true), (2000, true), (1001, false)] {
            assert_eq!(accounts.is_trusted(uid), trusted, "{uid}");
        }
    }
}
