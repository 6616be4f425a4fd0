"""bare.py URL DATABASE: the same as advice.py with python-ldap, which is a thin layer over OpenLDAP's library in C."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import ldap
import ldap.dn
from ldap.filter import escape_filter_chars as escape

import user_tab

url, database = sys.argv[1:]
own = threading.local()


def search(attribute, values, wanted):
    if not hasattr(own, "connection"):
        own.connection = ldap.initialize(url)
        own.connection.simple_bind_s(user_tab.USER, user_tab.PASSWORD)
    any_of = "".join(f"({attribute}={escape(value)})" for value in values)
    return own.connection.search_s(
        user_tab.BASE, ldap.SCOPE_SUBTREE, f"(&(objectClass=user)(|{any_of}))", wanted
    )


def key(dn):
    return ldap.dn.dn2str(ldap.dn.str2dn(dn.lower()))


with ThreadPoolExecutor(8) as pool:
    manager_of = {}
    asked = user_tab.batches(user_tab.ids(database))
    for found in pool.map(lambda ids: search("sAMAccountName", ids, ["sAMAccountName", "manager"]), asked):
        for _, held in found:
            manager_of[held["sAMAccountName"][0].decode()] = held["manager"][0].decode()
    people = {}
    asked = user_tab.batches(sorted(set(manager_of.values())))
    for found in pool.map(lambda dns: search("entryDN", dns, user_tab.PERSON), asked):
        for dn, held in found:
            people[key(dn)] = tuple(held[name][0].decode() for name in user_tab.PERSON)
user_tab.write(database, {id: people[key(dn)] for id, dn in manager_of.items()})
