<?php
/* Run by Cacti's own command-line interface: for each graph of the device `argv[1]`, its picture from argv[2] until argv[3]
 * (seconds since 1970), and in argv[4] the files they are put into, one "graph id <tab> file" a line.
 * With "create" instead of a device: makes the RRD of every data source that has none.
 * SPDX-License-Identifier: GPL-2.0-or-later */
require('/usr/share/cacti/site/include/cli_check.php');
require_once($config['base_path'] . '/lib/rrd.php');

if ($argv[1] == 'create') {
	foreach (db_fetch_assoc('SELECT id FROM data_local') as $row) {
		rrdtool_function_create($row['id'], false);
	}
	exit(0);
}
foreach (file($argv[3], FILE_IGNORE_NEW_LINES) as $line) {
	list($id, $file) = explode("\t", $line);
	$how  = array('graph_start' => $argv[1], 'graph_end' => $argv[2], 'output_flag' => RRDTOOL_OUTPUT_STDOUT);
	$meta = array();
	$png  = rrdtool_function_graph($id, 0, $how, null, $meta, 0);
	if (strncmp($png, "\x89PNG", 4) != 0) {
		fwrite(STDERR, "graph $id: " . substr($png, 0, 500) . "\n");
		exit(1);
	}
	file_put_contents($file, $png);
}
