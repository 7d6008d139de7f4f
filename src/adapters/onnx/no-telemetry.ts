/**
 * The model runtime of this version reports to its maker by default: the machine, the model's file and graph names and
 * each session, over the network, with a number of the device kept in the user's home. Nothing of this bot is for
 * others. It reads this variable when it is loaded, so this module comes before it.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
