"""What Clever can carry, as data for ``rosterkit compare`` and the documentation."""

from __future__ import annotations

from rosterkit.sources.base import Capabilities, OwnPull

_ENTITIES = ("Org", "AcademicSession", "Course", "Class", "ClassTerm", "User", "Role", "Enrollment", "GuardianLink")

API_CAPABILITIES = Capabilities(
    entities=(*_ENTITIES, "Demographics"),
    guardians="linked",
    stable_contact_ids=False,
    demographics=True,
    incremental="events",
    sso="Clever SSO for students, teachers and staff; contacts cannot sign in.",
    filters=("school", "grade", "contact type"),
    set_up_by="A district administrator connects the application in Clever's dashboard and chooses what is shared.",
    needs=(
        "Secure Sync for the application.",
        "Contacts shared, and sent by the SIS, if guardians are wanted.",
        "Events switched on for the application, if runs are to read changes only.",
        "Contact ids in the SIS (Contact_sis_id), if guardians are to keep their ids for sure.",
    ),
    cannot=(
        "A contact has one phone and one e-mail address, and no address, language, custody or priority.",
        "Enrollments have no dates: a class's term is all there is.",
        "What staff do is not known, only their title.",
        "A class without students is not shown.",
        "Where a product reads Clever itself, one school cannot become two that are both synced every day.",
        "Where a product reads Clever itself, a student arrives at the primary school only.",
    ),
    own_pull=OwnPull(
        name="Clever",
        sign_on=True,
        primary_school_only=True,
        splits_schools=False,
        guardians_need_schools=False,
        district_staff=True,
        files_by_district=False,
    ),
)

CSV_CAPABILITIES = Capabilities(
    entities=(*_ENTITIES, "Demographics"),
    guardians="linked",
    stable_contact_ids=False,
    demographics=True,
    incremental="",
    sso="",
    filters=("school", "grade", "contact type"),
    set_up_by="Whoever exports the files from the SIS; Clever is not needed.",
    needs=("schools.csv, students.csv, teachers.csv, sections.csv and enrollments.csv in one folder or zip.",),
    cannot=(
        "At most five contacts for a student, each with one phone.",
        "Enrollments have no dates.",
        "A change cannot be told from a new export: files are always whole.",
    ),
)
