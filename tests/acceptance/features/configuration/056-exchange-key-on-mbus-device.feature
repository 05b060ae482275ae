Feature: 056 An M-Bus device gets a new key

  Scenario Outline: A key that the platform makes
    Given the meter "TEST1024000000001" of "<version>"
    And the gas meter "<device>" on channel 1 of "TEST1024000000001"
    When SetKeyOnGMeter is asked of "<device>" with
      | path                                               | value    |
      | SetKeyOnGMeterRequestData/MbusDeviceIdentification | <device> |
      | SetKeyOnGMeterRequestData/SecretType               | <kind>   |
    Then the answer is OK
    And 1 valid keys of kind <kind> are stored for "<device>"
    And the gas meter "<device>" has taken the <kind>

    Examples:
      | version    | device            | kind                                       |
      | DSMR 4.2.2 | TESTG102400000001 | G_METER_ENCRYPTION_KEY                     |
      | SMR 5.0.0  | TESTG102400000001 | G_METER_ENCRYPTION_KEY                     |
      | SMR 5.0.0  | TESTG102400000001 | G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY |
      | SMR 5.0.0  | TESTG102400000001 | G_METER_OPTICAL_PORT_KEY                   |
      | SMR 5.0.0  | TESTW102400000001 | G_METER_ENCRYPTION_KEY                     |
      | SMR 5.0.0  | TESTW102400000001 | G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY |
      | SMR 5.0.0  | TESTW102400000001 | G_METER_OPTICAL_PORT_KEY                   |
      | SMR 5.1    | TESTG102400000001 | G_METER_ENCRYPTION_KEY                     |
      | SMR 5.2    | TESTG102400000001 | G_METER_ENCRYPTION_KEY                     |
      | SMR 5.5    | TESTG102400000001 | G_METER_ENCRYPTION_KEY                     |

  Scenario: The optical port is closed
    Given the meter "TEST1024000000001" of "SMR 5.0.0"
    And the gas meter "TESTG102400000001" on channel 1 of "TEST1024000000001"
    When SetKeyOnGMeter is asked of "TESTG102400000001" with
      | path                                               | value                    |
      | SetKeyOnGMeterRequestData/MbusDeviceIdentification | TESTG102400000001        |
      | SetKeyOnGMeterRequestData/SecretType               | G_METER_OPTICAL_PORT_KEY |
      | SetKeyOnGMeterRequestData/CloseOpticalPort         | true                     |
    Then the answer is OK
    And 0 valid keys of kind G_METER_OPTICAL_PORT_KEY are stored for "TESTG102400000001"

  Scenario Outline: A kind of key that the gateway's version cannot pass on
    Given the meter "TEST1024000000001" of "<version>"
    And the gas meter "TESTG102400000001" on channel 1 of "TEST1024000000001"
    When SetKeyOnGMeter is asked of "TESTG102400000001" with
      | path                                               | value             |
      | SetKeyOnGMeterRequestData/MbusDeviceIdentification | TESTG102400000001 |
      | SetKeyOnGMeterRequestData/SecretType               | <kind>            |
    Then the answer is NOT OK
    And 1 valid keys of kind <kind> are stored for "TESTG102400000001"

    Examples:
      | version    | kind                                       |
      | DSMR 2.2   | G_METER_ENCRYPTION_KEY                     |
      | SMR 4.3    | G_METER_ENCRYPTION_KEY                     |
      | DSMR 4.2.2 | G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY |
      | DSMR 4.2.2 | G_METER_OPTICAL_PORT_KEY                   |

  Scenario: A device that is coupled with nobody
    Given the M-Bus device "TESTG101205673117"
    When SetKeyOnGMeter is asked of "TESTG101205673117" with
      | path                                               | value                  |
      | SetKeyOnGMeterRequestData/MbusDeviceIdentification | TESTG101205673117      |
      | SetKeyOnGMeterRequestData/SecretType               | G_METER_ENCRYPTION_KEY |
    Then it has failed with "the M-Bus device is coupled with no gateway"

  Scenario Outline: The user key of whoever is on a channel
    Given the meter "TEST1024000000001" of "<version>"
    And a new gas meter stands on channel 2 of "TEST1024000000001", known as "<device>"
    When SetMbusUserKeyByChannel is asked of "TEST1024000000001" with
      | path                                       | value |
      | SetMbusUserKeyByChannelRequestData/Channel | 2     |
    Then the answer is OK
    And 1 valid keys of kind G_METER_ENCRYPTION_KEY are stored for "<device>"
    And the keys of "<device>" are
      | key                    | ACTIVE | EXPIRED |
      | G_METER_ENCRYPTION_KEY | 1      | 1       |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TESTG101205656042 |
      | SMR 5.0.0  | TESTG101205656050 |
      | SMR 5.5    | TESTG101205656055 |

  Scenario: Nobody is on the channel
    Given the meter "TEST1024000000001" of "SMR 5.0.0"
    When SetMbusUserKeyByChannel is asked of "TEST1024000000001" with
      | path                                       | value |
      | SetMbusUserKeyByChannelRequestData/Channel | 3     |
    Then the answer is NOT OK
