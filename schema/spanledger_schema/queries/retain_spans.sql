-- Have the spans of a project, or of every project without a rule, expire by new rules.
ALTER TABLE spans UPDATE payload_days = {payload_days:UInt16}, ledger_days = {ledger_days:UInt16}
WHERE if({project:String} = '*', NOT has({own:Array(String)}, project_id), project_id = {project:String})
    AND (payload_days != {payload_days:UInt16} OR ledger_days != {ledger_days:UInt16})
