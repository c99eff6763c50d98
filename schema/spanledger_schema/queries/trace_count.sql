-- How many rows there are of the traces of a project; versions count apart, so that the key alone tells.
SELECT count() AS found FROM traces WHERE project_id = {project:String}
