<?php
/* Draws Cacti's graphs as Cacti does; php -q render.php
 *     create               makes the RRD of every data source that has none
 *     draw BEGIN END LIST  pictures of that time (seconds since 1970); LIST has a line "graph id <tab> file" for each
 *     source BEGIN END ID  the call of rrdtool that draws the graph
 * SPDX-License-Identifier: GPL-2.0-or-later */
require('/usr/share/cacti/site/include/cli_check.php');
require_once($config['base_path'] . '/lib/rrd.php');

function graph($id, $begin, $end, $more) {
	$how  = array('graph_start' => $begin, 'graph_end' => $end) + $more;
	$meta = array();
	return rrdtool_function_graph($id, 0, $how, null, $meta, 0);
}

switch ($argv[1]) {
case 'create':
	foreach (db_fetch_assoc('SELECT id FROM data_local') as $row) {
		rrdtool_function_create($row['id'], false);
	}
	break;
case 'draw':
	foreach (file($argv[4], FILE_IGNORE_NEW_LINES) as $line) {
		list($id, $file) = explode("\t", $line);
		$png = graph($id, $argv[2], $argv[3], array('output_flag' => RRDTOOL_OUTPUT_STDOUT));
		if (strncmp($png, "\x89PNG", 4) != 0) {
			fwrite(STDERR, "graph $id: " . substr($png, 0, 500) . "\n");
			exit(1);
		}
		file_put_contents($file, $png);
	}
	break;
case 'source':
	graph($argv[4], $argv[2], $argv[3], array('print_source' => true, 'output_flag' => RRDTOOL_OUTPUT_STDOUT));
	break;
}
