"""naive.py URL DATABASE: one search for each user, one for each user's manager (ldap3)."""

import sys

import ldap3
from ldap3.utils.conv import escape_filter_chars as escape

import user_tab

url, database = sys.argv[1:]
connection = ldap3.Connection(ldap3.Server(url), user_tab.USER, user_tab.PASSWORD, auto_bind=True)
managers = {}
for id in user_tab.ids(database):
    connection.search(user_tab.BASE, f"(&(objectClass=user)(sAMAccountName={escape(id)}))", attributes=["manager"])
    dn = connection.entries[0].manager.value
    connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=user_tab.PERSON)
    manager = connection.entries[0]
    managers[id] = (manager.sAMAccountName.value, manager.displayName.value, manager.mail.value)
user_tab.write(database, managers)
