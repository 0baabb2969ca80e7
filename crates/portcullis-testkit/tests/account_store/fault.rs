macro_rules! faults {
    ($($fault:ident),+ $(,)?) => {
        /// What a store may get wrong.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(crate) enum Fault {
            None,
            $($fault,)+
        }

        impl Fault {
            /// All but [`None`](Self::None).
            pub(crate) const ALL: &[Self] = &[$(Self::$fault,)+];

            /// Those of a store that reads first and writes afterwards.
            pub(crate) const HASTY: &[Self] = &[
                Self::RotatesInTwoSteps,
                Self::BoundsKeysInTwoSteps,
                Self::AsksRolesInTwoSteps,
                Self::InsertsTheFirstInTwoSteps,
                Self::AsksGuardsInTwoSteps,
                Self::TakesLinksInTwoSteps,
                Self::GivesMailInTwoSteps,
            ];
        }
    };
}

faults![
    CommitsOneByOne,
    NamesNoIndex,
    AnswersConflictsWithErrors,
    FoldsCase,
    FoldsCaseOfParts,
    ReadsPatterns,
    FindsUsersOfAnyCollection,
    ListsKeysOfNamesakes,
    ListsEndedFamilies,
    ListsOldestFamiliesFirst,
    EndsFamiliesForAnybody,
    EndsAllWithoutExcept,
    EndsWithoutRevoking,
    NamesNoFamilies,
    NamesNoKeys,
    ForgetsTheAddressOfARotation,
    RotatesFromAnyGeneration,
    DeletesKeysForAnybody,
    TakesLinksByIdAlone,
    TakesLinksPastTheirEnd,
    TakesLinksAgain,
    BoundsNoKeys,
    CountsEndedKeys,
    NotesUsesBackwards,
    ForgetsTheTrail,
    ForgetsMail,
    HoldsNoRole,
    AsksRolesOnTheWay,
    AsksNoGuards,
    TakesEveryUserForTheFirst,
    KeepsUpdatedAt,
    GivesLeasedMail,
    GivesExpiredMail,
    GivesMailBeforeItsTime,
    CountsNoAttempts,
    IgnoresPages,
    IgnoresTheUserOfTheTrail,
    TurnsTheTrailAround,
    PurgesNothing,
    PurgesWithoutBound,
    PurgesTheTrailUnasked,
    ForgetsRevocationsSince,
    RemembersRevocationsForEver,
    KeepsOwnSessions,
    KeepsOwnLockouts,
    RotatesInTwoSteps,
    BoundsKeysInTwoSteps,
    AsksRolesInTwoSteps,
    InsertsTheFirstInTwoSteps,
    AsksGuardsInTwoSteps,
    TakesLinksInTwoSteps,
    GivesMailInTwoSteps,
];
