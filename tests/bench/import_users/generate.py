#!/usr/bin/env python3
"""generate.py ROWS ONE TWO: a people file, and the same with another city in every hundredth row."""
import sys

HEADER = ("id;firstName;lastName;email;businessUnit;company;job;managerEmail;msgId;city;costCenter;importedAt;"
          "costCenterShortText;personnelNumber;namePrefix;initialEntry;leavingDate;companyCode;personnelArea;"
          "personnelAreaText;personnelSubarea;personnelSubareaText;employeeGroup;employeeSubgroup;objectAbbreviation;"
          "jobLevel;employmentPercentage;country")


def main():
    rows, one, two = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    with open(one, "w", encoding="utf-8") as first, open(two, "w", encoding="utf-8") as second:
        for out in (first, second):
            out.write(HEADER + "\n")
        for n in range(rows):
            unit = 1000 + n % 40
            row = (f"U{n:07};Zoë{n};O'Brien-Müller;person{n}@example.org;{unit};Example AG;Engineer;"
                   f"boss{n // 12}@example.org;M{n:07};%s;{unit}{n % 9999:04};2026-11-01;Center {unit};{n:08};Dr.;"
                   f"2015-04-01;;0100;CH01;Zürich HQ;0001;Main Building;Employee;Full time;OBJ{n % 300};L{n % 9};100;CH\n")
            first.write(row % "Zürich")
            second.write(row % ("Bern" if n % 100 == 0 else "Zürich"))


main()
