-- Have the pointers to calls of a project, or of every project without a rule, expire by new rules.
ALTER TABLE call_usages UPDATE ledger_days = {ledger_days:UInt16}
WHERE if({project:String} = '*', NOT has({own:Array(String)}, project_id), project_id = {project:String})
    AND ledger_days != {ledger_days:UInt16}
